// One session of the official JavaScript SDK of OpenAI against OPENAI_BASE_URL. Prints one JSON line per step.
'use strict';
const { OpenAI } = require('openai');

const client = new OpenAI({ maxRetries: 2 });
const ask = (content, more = {}) => ({ model: 'claude-sonnet-5-5', messages: [{ role: 'user', content }], ...more });

async function streamed(body) {
  let text = '';
  for await (const chunk of await client.chat.completions.create({ ...body, stream: true })) {
    text += chunk.choices[0]?.delta?.content ?? '';
  }
  return text;
}

const steps = {
  completion: () => client.chat.completions.create(ask('One.')),
  stream: () => streamed(ask('Two: привет.')),
  retried: () => client.chat.completions.create(ask('Again.')),
  refused: () => client.chat.completions.create(ask('Never.'), { maxRetries: 0 }),
  models: async () => (await client.models.list()).data.map((model) => model.id),
};

(async () => {
  for (const [step, run] of Object.entries(steps)) {
    let line;
    try {
      line = { step, result: await run() };
    } catch (error) {
      line = { step, error: error.constructor.name, status: error.status ?? null, body: error.error ?? null };
    }
    console.log(JSON.stringify(line));
  }
})();

// One session of the official JavaScript SDK against ANTHROPIC_BASE_URL. Prints one JSON line per step; steps that fail
// print what a program would see of the error. The order of upstream's scripted answers is that of the steps.
'use strict';
const { Anthropic } = require('@anthropic-ai/sdk');

const client = new Anthropic({ maxRetries: 2 });
const ask = (content, more = {}) => ({
  model: 'claude-sonnet-5-5', max_tokens: 1000, messages: [{ role: 'user', content }], ...more,
});
const tools = [{ name: 'add', description: 'Adds two numbers.', input_schema: { type: 'object', properties: { a: { type: 'number' } } } }];

async function streamed(stream) {
  const events = [];
  for await (const event of stream) events.push(event.type);
  return { events, message: await stream.finalMessage() };
}

const steps = {
  message: () => client.messages.create(ask('One.')),
  stream: () => streamed(client.messages.stream(ask('Two: привет.'))),
  tool: () => streamed(client.beta.messages.stream(ask('Add.', { tools, betas: ['effort-2025-11-24'] }))),
  retried: () => client.messages.create(ask('Again.')),
  overloaded: () => client.messages.create(ask('Never.'), { maxRetries: 0 }),
  cut: () => streamed(client.messages.stream(ask('Cut.'))),
  left: async () => {
    for await (const event of await client.messages.create(ask('Long.', { stream: true }))) {
      if (event.type === 'content_block_delta') break;
    }
  },
  count: () => client.messages.countTokens({ model: 'claude-sonnet-5-5', messages: [{ role: 'user', content: 'Count me.' }] }),
  models: async () => (await client.models.list()).data.map((model) => model.id),
  model: () => client.models.retrieve('claude-sonnet-5-5'),
  invalid: () => client.messages.create(ask('x', { max_tokens: -1 })),
  unknown_path: () => client.get('/v1/no/such/path?with=query'),
};

(async () => {
  for (const [step, run] of Object.entries(steps)) {
    let line;
    try {
      line = { step, result: (await run()) ?? null };
    } catch (error) {
      line = { step, error: error.constructor.name, status: error.status ?? null, body: error.error ?? null,
        retry_after: error.headers?.get?.('retry-after') ?? null };
    }
    console.log(JSON.stringify(line));
  }
})();

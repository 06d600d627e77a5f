// One session of the official JavaScript SDK of OpenAI at the proxy's OpenAI endpoint. Prints one JSON line per step.
'use strict';
const { OpenAI } = require('openai');

const client = new OpenAI({ maxRetries: 0 });
const PIXEL = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
const ask = (content, more = {}) => ({ model: 'gpt-5', messages: [{ role: 'user', content }], ...more });
const ADD = {
  type: 'function',
  function: {
    name: 'add',
    description: 'Adds two numbers.',
    parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
  },
};
const SCHEMA = { type: 'object', properties: { name: { type: 'string' }, n: { type: 'number' } }, required: ['name', 'n'] };

async function streamed(body) {
  const stream = client.chat.completions.stream({ ...body, stream_options: { include_usage: true } });
  const pieces = [];
  stream.on('content', (piece) => pieces.push(piece));
  const final = await stream.finalChatCompletion();
  return { pieces, final };
}

async function tools() {
  const body = ask('Add.', { tools: [ADD] });
  const { final } = await streamed(body);
  const calls = final.choices[0].message.tool_calls;
  const results = calls.map((call) => {
    const { a, b } = JSON.parse(call.function.arguments);
    return { role: 'tool', tool_call_id: call.id, content: String(a + b) };
  });
  const end = await client.chat.completions.create({ ...body, messages: [...body.messages, final.choices[0].message, ...results] });
  return { first: final, second: end };
}

async function left() {
  const controller = new AbortController();
  const stream = await client.chat.completions.create(ask('Long.', { stream: true }), { signal: controller.signal });
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta?.content) break;
  }
  return 'left';
}

const steps = {
  completion: () => client.chat.completions.create(ask('One.', { temperature: 0.2 })),
  stream: () => streamed(ask('Two: привет.')),
  tools,
  image: () => client.chat.completions.create(ask([{ type: 'text', text: 'What?' }, { type: 'image_url', image_url: { url: PIXEL } }])),
  schema: async () => {
    const answer = await client.chat.completions.create(
      ask('Shape.', { response_format: { type: 'json_schema', json_schema: { name: 'shape', schema: SCHEMA } } }));
    return JSON.parse(answer.choices[0].message.content);
  },
  refusal: () => client.chat.completions.create(ask('Refused.')),
  overloaded: () => client.chat.completions.create(ask('Never.')),
  limited: () => client.chat.completions.create(ask('Slower.')),
  broken: () => streamed(ask('Half.')),
  unknown_model: () => client.chat.completions.create(ask('x', { model: 'llama-4' })),
  invalid: () => client.chat.completions.create(ask('x', { n: 3 })),
  models: async () => (await client.models.list()).data.map((model) => model.id),
  model: () => client.models.retrieve('opus'),
  left,
};

(async () => {
  for (const [step, run] of Object.entries(steps)) {
    let line;
    try {
      line = { step, result: await run() };
    } catch (error) {
      line = { step, error: error.constructor.name, status: error.status ?? null, code: error.code ?? null };
    }
    console.log(JSON.stringify(line));
  }
})();

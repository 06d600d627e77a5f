// Loaded before the Portkey gateway: on current Node it fails on every answer ("immutable"), because it appends to the headers
// of the object that fetch() returned. This hands it a copy whose headers may be changed; it costs microseconds.
const fetchOf = globalThis.fetch;
const NativeResponse = globalThis.Response;
globalThis.fetch = async (...args) => {
  const answer = await fetchOf(...args);
  return new NativeResponse(answer.body, { status: answer.status, headers: new Headers(answer.headers) });
};

// A reporter of Node's test runner: a line of JSON for each test file, with what came of it.

export default async function* fileResults(events) {
  for await (const { type, data } of events) {
    // The summary of all files together has no file.
    if (type !== 'test:summary' || !data.file) continue;
    const { counts, success } = data;
    yield `${JSON.stringify({ file: data.file, passed: counts.passed, hasPassed: success })}\n`;
  }
}

// Knows nothing of Nacos, and of OpenTelemetry only what makes a span of its own.
import { createServer } from 'node:http';

import { trace } from '@opentelemetry/api';

const tracer = trace.getTracer('app');
const server = createServer((request, response) => {
  void tracer.startActiveSpan(`GET ${request.url}`, async (span) => {
    const answer = await fetch('http://orders/today');
    response.end(await answer.text());
    span.end();
  });
});
server.listen(process.env.PORT ?? 0, () => {
  console.log(`listening on ${server.address().port}`);
});

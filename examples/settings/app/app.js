// Settings that follow Nacos: typed by a schema, read when they are needed, told when they change.
import { createServer } from 'node:http';

import { createClient, createSettings } from 'nacos-serving';
import * as v from 'valibot';

const schema = v.object({
  log: v.object({ level: v.picklist(['debug', 'info', 'warn']) }),
  greeting: v.string(),
  page: v.object({ size: v.pipe(v.number(), v.minValue(1), v.maxValue(100)) }),
  db: v.object({ password: v.string() }),
});

const client = createClient({ server: process.env.NACOS_SERVER ?? '127.0.0.1:8848' });
const settings = await createSettings({
  config: client.config,
  shared: ['shared.yaml'],
  imports: ['nacos:orders.yaml', 'optional:nacos:orders-local.yaml'],
  local: 'app.local.yaml', // a developer's own; not there in production
  env: process.env,
  schema,
});
settings.onChange(({ keys }) => console.log(`changed: ${keys.join(', ')}`));

for (const { key, shown, source } of settings.explain())
  console.log(`${key} = ${shown} (${source})`);

const server = createServer((request, response) => {
  if (request.url === '/status') return response.end(JSON.stringify(settings.status));
  response.end(`${settings.value.greeting}, ${settings.get('page.size')} a page`);
});
server.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening on ${server.address().port}`);
});

/** What it takes to encode and to decode one message: `codec-times.mjs DIST SIZE`. Started by codec.mjs; ends by itself. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const { nowMs, say } = createRequire(import.meta.url)('./say.cjs');
const [dist, size] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(path.join(dist, 'wire', name)).href);
const { encodePayload, decodePayload } = await load('payload.js');
const { encodeJson, decodeJson } = await load('json.js');

const CHARS = { '300 B': 60, '2.5 KB': 2271, '1 MB': 1_000_000 };
const PASSES = size === '1 MB' ? 20 : 20_000;
const TYPE = 'ConfigPublishRequest';
const body = {
  dataId: 'app.yaml',
  group: 'DEFAULT_GROUP',
  tenant: '',
  content: 'x'.repeat(CHARS[size]),
  additionMap: { type: 'yaml', encryptedDataKey: '' },
};
const headers = { 'Client-AppName': 'bench', charset: 'UTF-8', exConfigInfo: 'true' };
const encode = () =>
  encodePayload({ type: TYPE, clientIp: '10.0.0.5', headers, body: encodeJson(body) });
const bytes = encode();
let seen = 0;
const decode = () => {
  seen += Object.keys(decodeJson(decodePayload(bytes).body, TYPE)).length;
};

say('measured', { encode: mean(encode), decode: mean(decode), seen });

function mean(act) {
  for (let pass = 0; pass < PASSES; pass += 1) act();
  const beganMs = nowMs();
  for (let pass = 0; pass < PASSES; pass += 1) act();
  return ((nowMs() - beganMs) / PASSES) * 1000;
}

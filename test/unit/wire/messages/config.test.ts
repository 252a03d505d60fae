import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decodeJson, encodeJson } from '../../../../src/wire/json.js';
import {
  configListenBody,
  configPublishBody,
  configQueryBody,
  configRemoveBody,
  namespaceOfTenant,
  readChangedConfigs,
  readConfigContent,
  readConfigRef,
  tenantOf,
} from '../../../../src/wire/messages/config.js';
import { holdsNull } from '../no-null.js';

const ref = { namespace: 'public', group: 'DEFAULT_GROUP', dataId: 'app.yaml' };
const anyRef = fc.record({ namespace: fc.string(), group: fc.string(), dataId: fc.string() });

describe('config messages', () => {
  it('trap 18: a missing tenant, an empty one and public are the default namespace', () => {
    const key = { dataId: 'app.yaml', group: 'DEFAULT_GROUP' };
    for (const tenant of [undefined, null, '', 'public']) {
      expect(readConfigRef({ ...key, tenant })).toEqual(ref);
    }
    expect(readConfigRef({ ...key, tenant: 'dev' }).namespace).toBe('dev');
    const changedConfigs = [key, { ...key, tenant: '' }, { ...key, tenant: 'public' }];
    expect(readChangedConfigs({ changedConfigs })).toEqual([ref, ref, ref]);
  });

  it('trap 18: the default namespace is sent as an empty tenant, which every server takes', () => {
    expect(tenantOf('public')).toBe('');
    expect(tenantOf('dev')).toBe('dev');
    expect(namespaceOfTenant(tenantOf('public'))).toBe('public');
    expect(configQueryBody(ref)['tenant']).toBe('');
  });

  it('trap 19: every key is text and every flag is there', () => {
    fc.assert(
      fc.property(anyRef, fc.string(), fc.boolean(), (of, content, listen) => {
        const bodies = [
          configQueryBody(of),
          configPublishBody(of, content, { type: 'yaml' }),
          configRemoveBody(of),
          configListenBody(listen, [{ ...of, md5: '' }]),
        ];
        for (const body of bodies) {
          const read = decodeJson(encodeJson(body), 'T');
          for (const key of ['dataId', 'group', 'tenant']) expect(read[key]).toBeTypeOf('string');
          expect(holdsNull(read)).toBe(false);
        }
        expect(bodies[1]?.['content']).toBe(content);
        expect(bodies[3]?.['listen']).toBe(listen);
      }),
    );
  });

  it('reads content with what servers leave out or set to null', () => {
    const nothing = { content: '', contentType: 'text', md5: '', encryptedDataKey: '' };
    expect(readConfigContent({})).toEqual({ ...nothing, lastModifiedMs: 0 });
    expect(readConfigContent({ content: null, contentType: null, md5: null })).toEqual({
      ...nothing,
      lastModifiedMs: 0,
    });
  });
});

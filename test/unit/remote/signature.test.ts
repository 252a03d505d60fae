/** Signatures against vectors that Python made (test/fixtures/signatures/make.py). */
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import type {
  AccessKeys,
  AuthHeaders,
  RequestScope,
} from '../../../src/remote/auth/credentials.js';
import { scopeOf } from '../../../src/remote/auth/scope.js';
import { Signer } from '../../../src/remote/auth/signature.js';

interface Vector {
  readonly keys: AccessKeys;
  readonly scope: RequestScope;
  readonly wallMs: number;
  readonly region: string | null;
  readonly headers: AuthHeaders;
}

const FILE = path.join(import.meta.dirname, '..', '..', 'fixtures', 'signatures', 'vectors.json');
const VECTORS = JSON.parse(readFileSync(FILE, 'utf8')) as readonly Vector[];

describe('a signature', () => {
  it.each(VECTORS)('$scope.module $region $scope.group/$scope.name at $wallMs', (vector) => {
    const signer = new Signer(vector.region ?? undefined);
    expect(signer.headers(vector.keys, vector.scope, vector.wallMs)).toEqual(vector.headers);
  });

  it('by version 4 follows the day, the secret and nothing that was signed before', () => {
    const ofRegion = VECTORS.filter(({ region }) => region === 'cn-hangzhou');
    const one = new Signer('cn-hangzhou');
    for (const { keys, scope, wallMs, headers } of [...ofRegion, ...ofRegion.toReversed()]) {
      expect(one.headers(keys, scope, wallMs)).toEqual(headers);
    }
  });

  it('never carries the secret', () => {
    for (const { headers, keys } of VECTORS) {
      expect(JSON.stringify(headers)).not.toContain(keys.accessKeySecret);
    }
  });
});

describe('what a request is about', () => {
  it('is read from its body, where each module has its own names for it', () => {
    const naming = { namespace: 'dev', groupName: 'g', serviceName: 'orders', instance: {} };
    expect(scopeOf('naming', naming)).toEqual({
      module: 'naming',
      namespace: 'dev',
      group: 'g',
      name: 'orders',
    });
    expect(scopeOf('config', { tenant: 'dev', group: 'g', dataId: 'app.yaml' })).toEqual({
      module: 'config',
      namespace: 'dev',
      group: 'g',
      name: 'app.yaml',
    });
  });

  it('is nothing in particular for requests about many', () => {
    const nothing = { namespace: '', group: '', name: '' };
    expect(scopeOf('config', { listen: true, configListenContexts: [] })).toMatchObject(nothing);
    expect(scopeOf('naming', { groupName: 7 })).toMatchObject(nothing);
  });
});

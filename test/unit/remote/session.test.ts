import { describe, expect, it } from 'vitest';

import { settle } from '../../helpers/fake-clock.js';
import { aSession } from '../../helpers/session-fixture.js';

describe('session', () => {
  it('introduces itself as an sdk client of one module', async () => {
    const { session, server } = aSession();
    session.start();
    await settle();
    expect(session.state).toBe('ready');
    expect(server.last.streamSent[0]?.body).toMatchObject({
      labels: { source: 'sdk', module: 'naming' },
      abilityTable: {},
    });
    await session.close();
  });
});

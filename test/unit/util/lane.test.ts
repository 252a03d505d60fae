import { describe, expect, it } from 'vitest';

import { createDeferred } from '../../../src/util/deferred.js';
import { Lane } from '../../../src/util/lane.js';
import { settle } from '../../helpers/fake-clock.js';

describe('a lane', () => {
  it('runs so many tasks at once and the others in their turn', async () => {
    const lane = new Lane(2);
    const started: number[] = [];
    const tasks = [0, 1, 2, 3].map(() => createDeferred<void>());
    tasks.forEach((task, i) => {
      lane.run(() => {
        started.push(i);
        return task.promise;
      });
    });
    expect(started).toEqual([0, 1]);
    tasks[1]?.resolve();
    await settle();
    expect(started).toEqual([0, 1, 2]);
    lane.clear();
    tasks[0]?.resolve();
    await settle();
    expect(started).toEqual([0, 1, 2]);
  });
});

import { describe, expect, it } from 'vitest';

import type { ListeningServer } from '../../../../src/process-hub.js';
import { chooseServer, isBetter, isCertain } from '../../../../src/registration/identity/port.js';

function aServer(port: number, side?: 'surely' | 'perhaps'): ListeningServer {
  const base = { server: {}, local: undefined, scheme: 'http', host: '0.0.0.0', port } as const;
  return side === undefined ? base : { ...base, side };
}
const service = aServer(3000);
const exporter = aServer(9464, 'surely');
const metrics = aServer(9100, 'perhaps');

describe('a server that shows what it is for', () => {
  it.each([
    [[metrics, service], service],
    [[service, metrics], service],
    [[exporter, metrics], metrics],
    [[metrics], metrics],
    [[exporter], undefined],
  ])('comes after the service, and an exporter is never one', (servers, chosen) => {
    expect(chooseServer(servers, {})?.server).toBe(chosen);
  });

  it('is the service when its port is asked for, by option or by PORT', () => {
    expect(chooseServer([service, exporter], { explicit: 9464 })?.server).toBe(exporter);
    expect(chooseServer([exporter], { environment: 9464 })?.server).toBe(exporter);
    expect(chooseServer([service, metrics], { environment: 9100 })?.server).toBe(metrics);
  });

  it('is left when the service comes later, and waits for it as long as one waits', () => {
    expect(isBetter(service, metrics, {})).toBe(true);
    expect(isBetter(metrics, service, {})).toBe(false);
    expect(isBetter(exporter, aServer(1, 'perhaps'), {})).toBe(false);
    expect(isCertain(metrics, {})).toBe(false);
    expect(isCertain(service, {})).toBe(true);
  });
});

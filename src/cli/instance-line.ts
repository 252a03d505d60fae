/** Owns how one instance is shown on one line. Used by `watch` and `why`; what others wrote into the registry is made harmless. */
import { hostPort, type Instance } from '../model.js';
import { printable } from './printable.js';

export function instanceLine(instance: Instance): string {
  const { healthy, enabled, weight, cluster, metadata } = instance;
  const labels = Object.entries(metadata).map(([key, value]) => `${key}=${value}`);
  const state = healthy ? (enabled ? 'healthy' : 'disabled') : 'unhealthy';
  const facts = `${hostPort(instance)} ${state}, weight ${String(weight)}, cluster ${cluster}`;
  return printable(labels.length === 0 ? facts : `${facts}; ${labels.join(' ')}`);
}

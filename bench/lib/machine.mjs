/**
 * Owns the facts about the machine that every result carries. Used by report.mjs. Figures without them say nothing.
 */
import os from 'node:os';

export function machine() {
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    os: `${os.type()} ${os.release().split('-')[0]} ${os.arch()}`,
    node: process.version,
    /** Of the last minute, before the bench began: a busy machine shows here. */
    loadBefore: Number(os.loadavg()[0]?.toFixed(2)),
  };
}

export function machineLine({ cpu, cores, memoryGiB, os: system, node, loadBefore }) {
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}, load before ${loadBefore}`;
}

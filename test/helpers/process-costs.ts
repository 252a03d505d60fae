/** Owns what a process uses, as the system counts it: processor time and open sockets. Linux; for tests that look for busy loops and leaks. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The kernel's USER_HZ, which is 100 wherever Node runs. */
const TICKS_PER_SECOND = 100;

/** Processor time of the whole process so far, in ms. */
export function processorMs(pid: number): number {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
  // After the name, which may hold anything: state is field 3; utime and stime are 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

/** Sockets that are open now, listening ones too. */
export function openSockets(pid: number): number {
  const folder = `/proc/${String(pid)}/fd`;
  return readdirSync(folder).filter((fd) => linkOf(`${folder}/${fd}`).startsWith('socket:')).length;
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    // Closed between listing and looking.
    return '';
  }
}

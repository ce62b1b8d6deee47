import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { EtHost } from './et-host.ts';
import { countInMemory } from './process-memory.ts';
import type { RouterProcess } from './router-process.ts';

const MEGABYTE = 1_000_000;
/** The ~/.bashrc of a shell that says `$ ` and nothing else. */
export const PROFILE = "PS1='$ '; bind 'set enable-bracketed-paste off'\n";
const PROMPT = '$ ';

/** A host with a router, and the road by which its sessions go through it. */
export interface ThroughRouter {
  readonly host: EtHost;
  readonly router: RouterProcess;
  readonly via: 'tcp' | 'udp';
  /** Settles when a session has a link through the router. */
  readonly hasLink: () => Promise<unknown>;
}

/** So much goes there and back while the router ends three times, and comes again. */
export async function transferThroughEnds(
  { host, router, via, hasLink }: ThroughRouter,
  signal: 'SIGKILL' | 'SIGTERM',
  megabytes: number,
): Promise<void> {
  const bytes = randomBytes(megabytes * MEGABYTE);
  const transfer = host.et(['--via', via, 'testhost', 'cat'], { input: bytes });
  for (let i = 0; i < 3; i += 1) {
    await hasLink();
    await sleep(100);
    await router.kill(signal);
    await router.startAgain();
  }
  const { stdout, status } = await transfer;
  expect({ digest: digestOf(stdout), status }).toEqual({ digest: digestOf(bytes), status: 0 });
}

/** The router is killed five times in the middle of a line. */
export async function typeThroughEnds({ host, router, via }: ThroughRouter): Promise<void> {
  const et = host.terminal(['--via', via, 'testhost']);
  await et.see(PROMPT);
  for (let i = 0; i < 5; i += 1) {
    et.type(`echo before ${i}; ec`);
    await router.kill();
    et.type(`ho after ${i}\r`);
    await router.startAgain(300 * i);
    await et.see(`\r\nbefore ${i}\r\nafter ${i}\r\n`);
  }
  et.type('exit\r');
  expect((await et.ended).status).toBe(0);
}

/** What is typed and echoed is neither in the router's memory nor in its log. */
export async function typeInSecret({ host, router, via }: ThroughRouter): Promise<void> {
  const marker = `marker-${randomBytes(12).toString('hex')}`;
  const et = host.terminal(['--via', via, 'testhost']);
  await et.see(PROMPT);
  for (let i = 0; i < 20; i += 1) {
    et.type(`echo ${i} ${marker}\r`);
    await et.see(`\r\n${i} ${marker}\r\n`);
  }
  // That the search finds what is there is shown where it must be: in the session server.
  const [listed] = await host.sessions();
  expect(countInMemory(listed?.pid ?? 0, marker)).toBeGreaterThan(0);
  expect(countInMemory(router.pid, marker)).toBe(0);
  expect(router.log).not.toContain(marker);
  et.type('exit\r');
  await et.ended;
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

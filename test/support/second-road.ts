import { execFileSync } from 'node:child_process';
import type { TestContext } from 'vitest';
import type { LabHost } from './lab-host.ts';
import { Netlab } from './netlab.ts';

/** The device of the second road, at both ends. */
const DEVICE = 'lab1';
const TABLE = '100';

/**
 * A second lab whose link joins the namespaces of a host's own: the client then has two interfaces. What goes to sshd
 * takes the second one, and everything else, as tcp to the session server, the first. Faults are set on each by itself.
 */
export async function secondRoad(
  context: TestContext,
  host: LabHost,
  ...settings: readonly string[]
): Promise<Netlab> {
  const second = await Netlab.up();
  context.onTestFinished(() => second.down());
  if (settings.length > 0) await second.run('set', ...settings);
  for (const side of ['client', 'server'] as const) {
    const [from, to] = [`${second.name}-${side}`, `${host.lab.name}-${side}`];
    ip(from, 'link', 'set', 'lab0', 'down');
    ip(from, 'link', 'set', 'lab0', 'name', DEVICE, 'netns', to);
    ip(to, 'link', 'set', DEVICE, 'up');
    ip(to, 'addr', 'add', `${second[side]}/24`, 'dev', DEVICE);
  }
  const client = `${host.lab.name}-client`;
  ip(client, 'rule', 'add', 'ipproto', 'tcp', 'dport', '22', 'table', TABLE);
  ip(client, 'route', 'add', host.lab.server, 'via', second.server, 'dev', DEVICE, 'table', TABLE);
  return second;
}

function ip(namespace: string, ...words: readonly string[]): void {
  execFileSync('ip', ['-n', namespace, ...words]);
}

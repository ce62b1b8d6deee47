import { mkdirSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SystemClock } from '../../src/base/clock.ts';
import { Connector, streamSockets } from '../../src/forward/connector.ts';
import { ForwardLab } from './forward-lab.ts';
import { type Lists, policyOf } from './policy-of.ts';

let lab: ForwardLab;
let server: Server;

/** `inside` is what policies permit or deny; a socket is in each directory, and a link to the other's. */
beforeEach(async () => {
  lab = new ForwardLab();
  for (const name of ['inside', 'outside']) mkdirSync(`${lab.directory}/${name}`);
  const [inside, outside] = [`${lab.directory}/inside`, `${lab.directory}/outside`];
  server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(`${outside}/a.sock`, resolve));
  symlinkSync(`${outside}/a.sock`, `${inside}/link.sock`);
  symlinkSync(outside, `${inside}/directory`);
});

afterEach(() => {
  server.close();
  lab.close();
});

async function connect(lists: Lists, path: string): Promise<string> {
  const connector = new Connector(new SystemClock(), streamSockets(), policyOf(lists));
  try {
    const target = { kind: 'unix', path: `${lab.directory}/${path}` } as const;
    (await connector.connect(target, new AbortController().signal)).reset();
    return 'connected';
  } catch (error) {
    return String(error);
  }
}

test.each(['inside/link.sock', 'inside/directory/a.sock'])(
  'a directory is permitted, and not where a link in it leads: %s',
  async (path) => {
    const inside = { permitOpen: [`${lab.directory}/inside/**`] };
    expect(await connect(inside, path)).toContain(`${lab.directory}/outside/a.sock`);
    expect(await connect({ permitOpen: [`${lab.directory}/outside/**`] }, path)).toBe('connected');
  },
);

test.each(['inside/link.sock', 'inside/directory/a.sock'])(
  'what is denied is denied by a link to it too: %s',
  async (path) => {
    expect(await connect({ denyOpen: [`${lab.directory}/outside/**`] }, path)).toMatch(/denied/u);
    expect(await connect({ denyOpen: [`${lab.directory}/inside/**`] }, path)).toBe('connected');
  },
);

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { permitRemoteOpen } from '../../src/forward/permit-remote-open.ts';
import { deathOf, ForwardLab, soon } from './forward-lab.ts';
import { wire } from './socks-bytes.ts';

const labs: ForwardLab[] = [];

afterEach(() => {
  for (const lab of labs.splice(0)) lab.close();
});

/** A SOCKS proxy at the far side, and a program there that has said this. */
async function programOf(said: string): Promise<{ lab: ForwardLab; program: Socket }> {
  const lab = new ForwardLab();
  labs.push(lab);
  const listen = { kind: 'tcp', bind: '127.0.0.1', port: 0 } as const;
  const port = await lab.listening({ kind: 'remote', listen, target: undefined, source: '-R' });
  const program = lab.dial(port);
  program.write(wire(said));
  return { lab, program };
}

test.each([
  ['cannot be reached', '05 01 00 05 01 00 01 7f000001 0001', '05 00 05 05'],
  ['is no connection', '05 01 00 05 03 00 01 00000000 0000', '05 00 05 07'],
  ['cannot be understood', '05 01 00 05 01 00 02', '05 00 05 08'],
])(
  'a program that goes on talking, though what it asks for %s, is let go',
  async (_, said, reply) => {
    const { lab, program } = await programOf(said);
    const [answer] = (await once(program, 'data')) as [Buffer];
    expect([...answer.subarray(0, 4)]).toEqual([...wire(reply)]);
    await new Promise((resolve) => program.write(Buffer.alloc(8_000_000), resolve));
    const death = deathOf(program);
    program.end();
    expect(await death).toBeUndefined();
    await soon(() => lab.clientMux.channelCount === 1 && lab.serverMux.channelCount === 1);
    expect(lab.set.status()[0]).toMatchObject({ open: 0, waiting: 0 });
  },
);

test('a program that says nothing and goes leaves nothing', async () => {
  const { lab, program } = await programOf('05');
  program.resetAndDestroy();
  await soon(() => lab.clientMux.channelCount === 1 && lab.serverMux.channelCount === 1);
  expect(lab.set.status()[0]).toMatchObject({ open: 0, waiting: 0, refused: 0 });
});

test('what PermitRemoteOpen leaves out is refused by name and by address, with a place that can be read', () => {
  const permits = permitRemoteOpen('db:80 [::1]:*');
  expect(permits('DB', 80)).toBe(true);
  expect(permits('db', 81)).toBe(false);
  expect(permits('::1', 1)).toBe(true);
  expect(permits('::2', 1)).toBe(false);
});

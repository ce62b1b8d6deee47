import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Netlab } from '../support/netlab.ts';
import { describeNeeding } from '../support/requirements.ts';

describeNeeding(['netlab', 'ping'], 'the network lab', () => {
  let lab: Netlab;

  beforeAll(async () => {
    lab = await Netlab.up();
  });

  afterAll(async () => {
    await lab.down();
  });

  async function ping(address: string): Promise<boolean> {
    const [program, ...args] = lab.commandIn('client', ['ping', '-c', '1', '-W', '2', address]);
    return await promisify(execFile)(program, args).then(
      () => true,
      () => false,
    );
  }

  test('joins its two ends, over both families', async () => {
    expect(await ping(lab.server)).toBe(true);
    expect(await ping(lab.server6)).toBe(true);
  });

  test('carries nothing while the link is down, and everything afterwards', async () => {
    await lab.run('down-link');
    expect(await ping(lab.server)).toBe(false);
    await lab.run('up-link');
    expect(await ping(lab.server)).toBe(true);
  });

  test('counts what it carries', async () => {
    const stats = JSON.parse(await lab.run('stats'));
    expect(stats.c2s.packets_in).toBeGreaterThanOrEqual(3);
  });
});

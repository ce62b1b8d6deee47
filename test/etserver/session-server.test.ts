import { expect, test } from 'vitest';
import { Host } from './scripted-host.ts';

const MINUTE_MS = 60_000;
const HOUR_MS: number = 60 * MINUTE_MS;

test('a status that was there while nobody was is kept for a day, though it was in the session', () => {
  const host = new Host();
  const client = host.client();
  host.connect(client, 1).cut();
  host.clock.advance(10_000);
  host.work.print('last words');
  host.work.exit(3);
  host.clock.advance(8 * HOUR_MS);
  expect(host.isOver).toBe(false);
  host.connect(client, 1);
  expect([client.text, client.notes]).toEqual(['last words', [{ exit: 3 }]]);
  client.session.end(0, '');
  host.clock.advance(1000);
  expect(host.isOver).toBe(true);
});

test('the status comes after the last byte, however much waits for a client that is away', () => {
  const host = new Host();
  const client = host.client();
  host.connect(client, 1).cut();
  host.clock.advance(10_000);
  // Many times what the channel takes before its client reads.
  for (let index = 0; index < 200; index += 1) host.work.print('y'.repeat(5000));
  host.work.exit(4);
  host.connect(client, 1);
  host.clock.advance(10_000);
  expect([client.text.length, client.notes]).toEqual([1_000_000, [{ exit: 4 }]]);
});

test('a status that nobody ever takes is kept for a day and no longer', () => {
  const host = new Host();
  host.connect(host.client(), 1).cut();
  host.clock.advance(10_000);
  host.work.exit(0);
  host.clock.advance(23 * HOUR_MS);
  expect(host.isOver).toBe(false);
  host.clock.advance(2 * HOUR_MS);
  expect(host.isOver).toBe(true);
});

test('a client that has its status and says nothing is waited for a quarter of an hour', () => {
  const host = new Host();
  const client = host.client();
  host.connect(client, 1);
  host.work.exit(0);
  host.clock.advance(1000);
  expect(client.notes).toEqual([{ exit: 0 }]);
  host.clock.advance(14 * MINUTE_MS);
  expect(host.isOver).toBe(false);
  host.clock.advance(2 * MINUTE_MS);
  expect(host.isOver).toBe(true);
});

test('what a client says about a bench is checked: wrong metadata is refused with code 4, the rest is served', () => {
  const host = new Host();
  const client = host.client();
  host.connect(client, 1);
  const answers: unknown[] = [];
  for (const metadata of [{}, { do: 'send', bytes: '5' }, { do: 'echo' }]) {
    client.mux.open(
      { kind: 'bench', metadata, priority: 'interactive' },
      {
        onData: () => undefined,
        onAccept: () => answers.push('accepted'),
        onRefuse: (_error, { code }) => answers.push(code),
      },
    );
    host.clock.advance(1000);
  }
  expect(answers).toEqual([4, 4, 'accepted']);
  client.session.end(0, '');
  host.clock.advance(1000);
  expect(host.isOver).toBe(true);
});

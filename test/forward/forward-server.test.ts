import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { ForwardLab, soon } from './forward-lab.ts';

const labs: ForwardLab[] = [];

afterEach(() => {
  for (const lab of labs.splice(0)) lab.close();
});

function makeLab(): ForwardLab {
  const lab = new ForwardLab();
  labs.push(lab);
  return lab;
}

describe('a client that means ill', () => {
  test.each([['../../etc/x'], ['a/b'], ['A-B'], ['1A'], ['A\n'], [''], ['A'.repeat(65)], [`A\0`]])(
    'gets no socket for a variable called %j',
    async (variable) => {
      const lab = makeLab();
      const answer = await ask(lab, 'listen', { variable });
      expect(answer).toMatch(/^4 variable .* is no place to connect to$/u);
      expect(readdirSync(lab.directory)).toEqual([]);
    },
  );

  test.each<[Record<string, string | number | object>]>([
    [{}],
    [{ host: 'a', port: 0 }],
    [{ host: 'a', port: 65_536 }],
    [{ host: 'a', port: 1.5 }],
    [{ host: '', port: 1 }],
    [{ host: 'a\u0000b', port: 1 }],
    [{ host: 'a b', port: 1 }],
    [{ host: 'h'.repeat(256), port: 1 }],
    [{ host: { toString: 1 }, port: 1 }],
    [{ path: 'relative' }],
    [{ path: '/a\0b' }],
    [{ path: `/${'p'.repeat(103)}` }],
  ])('is refused what is no place: %j', async (metadata) => {
    expect(await ask(makeLab(), 'tcp', metadata)).toMatch(/^4 .* is no place to connect to$/u);
  });

  test('listens at no more than a thousand places, and again once it has given some up', async () => {
    const lab = makeLab();
    const opened: { reset(): void }[] = [];
    const metadata = { bind: '127.0.0.1', port: 0 };
    const answers: string[] = [];
    for (let i = 0; i < 1030; i += 1) {
      opened.push(
        lab.clientMux.open(
          { kind: 'listen', metadata, stream: 1, priority: 'control' },
          {
            onData: () => undefined,
            onAccept: () => answers.push('listens'),
            onRefuse: (_, { text }) => answers.push(text),
          },
        ),
      );
    }
    await soon(() => answers.length === 1030);
    expect(answers.filter((each) => each === 'listens').length).toBe(1024);
    expect(new Set(answers)).toEqual(new Set(['listens', '1024 forwards listen already']));
    for (const one of opened) one.reset();
    await soon(() => lab.serverMux.channelCount === 0);
    expect(await ask(lab, 'listen', metadata)).toBe('accepted');
  });

  test('that opens and takes back again and again leaves nothing', async () => {
    const lab = makeLab();
    const target = await lab.target((accepted) => accepted.resume());
    const metadata = { host: '127.0.0.1', port: target };
    for (let i = 0; i < 3000; i += 1) {
      const channel = lab.clientMux.open(
        { kind: 'tcp', metadata, stream: 1, priority: 'forward' },
        { onData: () => undefined },
      );
      if (i % 2 === 0) setImmediate(() => channel.reset());
      else channel.reset();
      if (i % 50 === 0) await new Promise(setImmediate);
    }
    await soon(() => lab.serverMux.channelCount === 0 && lab.clientMux.channelCount === 0);
    expect(await ask(lab, 'tcp', metadata)).toBe('accepted');
  });
});

/** What becomes of an OPEN: `accepted`, or the code and the text of the refusal. */
function ask(
  lab: ForwardLab,
  kind: string,
  metadata: Record<string, string | number | object>,
): Promise<string> {
  return new Promise((resolve) => {
    lab.clientMux.open(
      { kind, metadata: metadata as Record<string, string>, stream: 1, priority: 'forward' },
      {
        onData: () => undefined,
        onAccept: () => resolve('accepted'),
        onRefuse: (_, { code, text }) => resolve(`${code} ${text}`),
      },
    );
  });
}

import { describe, expect, test } from 'vitest';
import { ClientKeys } from '../../src/backed/client-keys.ts';
import { BYE } from '../../src/wire/frames.ts';
import { Client, Host } from './scripted-host.ts';

const MEBIBYTE = 1024 * 1024;

/** A host whose shell a client, instance 1, has. */
function hostWithClient(metadata?: Readonly<Record<string, unknown>>): {
  readonly host: Host;
  readonly first: Client;
} {
  const host = new Host();
  const first = host.client(metadata);
  host.connect(first, 1);
  return { host, first };
}

function rootFrom(client: Client): Uint8Array {
  const { root } = client.accepted ?? {};
  if (typeof root !== 'string') throw new Error('no root was given');
  return Buffer.from(root, 'hex');
}

describe('keys', () => {
  test('the client that begins the session keeps those it came with', () => {
    const { first } = hostWithClient();
    expect(first.accepted).toEqual({ from: 0 });
  });

  test('a client that was let in over ssh has its own, and those of the one before are refused', async () => {
    const { host, first } = hostWithClient();
    const stolen = host.root;
    const keys = ClientKeys.fromPasskey(host.server.offerKeys());
    const second = host.client({ by: 'anna@laptop' });
    host.connect(second, 2, keys);
    await host.settle();
    expect(second.accepted).toEqual({ from: 0 });
    expect(first.end).toEqual({
      kind: 'bye',
      by: 'peer',
      code: BYE.takenOver,
      text: 'anna@laptop',
    });
    const thief = host.client();
    host.connect(thief, 3, ClientKeys.fromRoot(stolen));
    expect([thief.refusals, thief.accepted]).toEqual([1, undefined]);
    expect(second.end).toBeUndefined();
  });

  test('a client that comes with the keys of another process is given others, which count once it has kept them', async () => {
    const { host, first } = hostWithClient();
    const stored = host.root;
    const second = host.client();
    host.connect(second, 2, ClientKeys.fromRoot(stored.slice())).cut();
    const own = rootFrom(second);
    // It died before it had written them down: those from the disk are good still.
    const third = host.client();
    host.connect(third, 3, ClientKeys.fromRoot(stored.slice()));
    const kept = rootFrom(third);
    expect(kept).not.toEqual(own);
    third.channel.note({ kept: true });
    await host.settle();
    for (const [instance, root] of [
      [4, stored],
      [5, own],
    ] as const) {
      const refused = host.client();
      host.connect(refused, instance, ClientKeys.fromRoot(root.slice()));
      expect(refused.refusals).toBe(1);
    }
    expect(first.end).toMatchObject({ code: BYE.takenOver, text: 'another client' });
    host.connect(third, 3, ClientKeys.fromRoot(kept));
    host.work.print('still there');
    await host.settle();
    expect(third.text).toContain('still there');
  });

  test('a client that died before it could say that it has stored its keys can be followed by those', async () => {
    const { host } = hostWithClient();
    const second = host.client();
    host.connect(second, 2, ClientKeys.fromRoot(host.root.slice()));
    const keys = ClientKeys.fromRoot(rootFrom(second));
    const third = host.client();
    host.connect(third, 3, keys);
    await host.settle();
    expect([second.end, third.accepted]).toEqual([
      expect.objectContaining({ code: BYE.takenOver }),
      { from: 0 },
    ]);
    host.links.at(-1)?.cut();
    host.connect(third, 3, keys);
    host.work.print('still there');
    await host.settle();
    expect([third.refusals, third.text]).toEqual([0, 'still there']);
    const before = host.client();
    host.connect(before, 4, ClientKeys.fromRoot(host.root.slice()));
    expect(before.refusals).toBe(1);
  });

  test('who looks at what is kept by keys that their client has stored leaves them as they are', async () => {
    const { host } = hostWithClient();
    const second = host.client();
    host.connect(second, 2, ClientKeys.fromRoot(host.root.slice()));
    const visitor = new Client(host.clock, undefined, false);
    host.connect(visitor, 3, ClientKeys.fromRoot(rootFrom(second)));
    const wish = { kind: 'history', metadata: {}, stream: 1, priority: 'bulk' } as const;
    visitor.mux.open(wish, { onData: () => undefined });
    await host.settle();
    visitor.session.end(BYE.detached, '');
    await host.settle();
    const third = host.client();
    host.connect(third, 4, ClientKeys.fromRoot(rootFrom(second)));
    expect([third.refusals, third.accepted]).toEqual([0, { from: 0 }]);
  });

  test('a passkey that was offered is good for one client, and for two minutes', async () => {
    const { host } = hostWithClient();
    const passkey = host.server.offerKeys();
    host.connect(host.client(), 2, ClientKeys.fromPasskey(passkey.slice()));
    const again = host.client();
    host.connect(again, 3, ClientKeys.fromPasskey(passkey.slice()));
    const late = host.server.offerKeys();
    host.clock.advance(121_000);
    const tooLate = host.client();
    host.connect(tooLate, 4, ClientKeys.fromPasskey(late));
    expect([again.refusals, tooLate.refusals]).toEqual([1, 1]);
  });

  test('who was away when the shell was taken over is told so when it comes back with its old keys, whatever came between', async () => {
    const host = new Host();
    const first = host.client();
    host.connect(first, 1).cut();
    host.clock.advance(3_600_000);
    host.connect(
      host.client({ by: 'ben@desk' }),
      2,
      ClientKeys.fromPasskey(host.server.offerKeys()),
    );
    host.connect(
      host.client({ by: 'cleo@train' }),
      3,
      ClientKeys.fromPasskey(host.server.offerKeys()),
    );
    await host.settle();
    host.connect(first, 1);
    expect(first.end).toEqual({ kind: 'bye', by: 'peer', code: BYE.takenOver, text: 'ben@desk' });
  });

  test('names that would draw on a terminal are made printable, and are no longer than 128', () => {
    const { host, first } = hostWithClient();
    const by = `\u001b[2J${'x'.repeat(500)}`;
    host.connect(host.client({ by }), 2, ClientKeys.fromPasskey(host.server.offerKeys()));
    const { text = '' } = first.end as { text?: string };
    expect(text).not.toContain('\u001b');
    expect(text).toHaveLength(128);
  });
});

describe('leaving', () => {
  test('a client that detaches leaves its work running, and can come back', async () => {
    const { host, first } = hostWithClient();
    host.work.print('before');
    await host.settle();
    first.session.end(BYE.detached, '');
    await host.settle(60_000);
    expect([host.isOver, host.server.isAttached]).toEqual([false, false]);
    host.connect(host.client(), 2, ClientKeys.fromRoot(host.root));
    await host.settle();
    expect([host.server.isAttached, host.work.starts]).toEqual([true, 1]);
  });

  test('a client that is asked to leave is told by BYE', () => {
    const { host, first } = hostWithClient();
    expect(host.server.detachAll()).toBe(1);
    host.clock.advance(1000);
    expect(first.end).toEqual({ kind: 'bye', by: 'peer', code: BYE.detached, text: '' });
    expect(host.isOver).toBe(false);
  });

  test('BYE with code 0 ends the work, as ever', () => {
    const { host, first } = hostWithClient();
    first.session.end(BYE.over, '');
    host.clock.advance(1000);
    expect(host.isOver).toBe(true);
  });
});

describe('what a client is shown', () => {
  test('one that attaches anew and wants the screen has it drawn, then what follows', async () => {
    const { host } = hostWithClient();
    host.work.print('long ago');
    await host.settle();
    const second = host.client({ backlog: 'live' });
    host.connect(second, 2, ClientKeys.fromPasskey(host.server.offerKeys()));
    await host.settle();
    host.work.print(' and more');
    await host.settle();
    expect([second.notes, second.text]).toEqual([[{ screen: 3, skipped: 0 }], '<8> and more']);
    expect(host.work.starts).toBe(1);
  });

  test('one that wants all of it begins with what nobody has had', async () => {
    const { host, first } = hostWithClient();
    host.work.print('seen,');
    await host.settle();
    first.session.end(BYE.detached, '');
    await host.settle(5000);
    host.work.print('unseen');
    const second = host.client();
    host.connect(second, 2, ClientKeys.fromRoot(host.root));
    await host.settle();
    expect([second.notes, second.text]).toEqual([[], 'unseen']);
  });

  test('what was on its way to a client that died is given to the next one that wants all', async () => {
    const { host } = hostWithClient();
    host.work.print('seen,');
    await host.settle();
    const { server } = host;
    expect(server.shell?.delivered).toBe(5);
    host.links.at(-1)?.blackHole('both');
    host.work.print('lost');
    host.clock.advance(10_000);
    const second = host.client();
    host.connect(second, 2, ClientKeys.fromPasskey(server.offerKeys()));
    await host.settle();
    expect(second.text).toContain('lost');
  });

  test('one that comes back to less than 1 MiB has all of it', async () => {
    const { host, first } = hostWithClient({ backlog: 'live' });
    host.links.at(-1)?.cut();
    host.clock.advance(10_000);
    host.work.print('y'.repeat(MEBIBYTE - 1));
    host.connect(first, 1);
    await host.settle(10_000);
    expect([first.notes, first.text.length]).toEqual([[], MEBIBYTE - 1]);
  });

  test('one that comes back to more has the screen drawn, and is told how much that spares it', async () => {
    const { host, first } = hostWithClient({ backlog: 'live' });
    host.work.print('x');
    await host.settle();
    host.links.at(-1)?.cut();
    host.clock.advance(10_000);
    for (let index = 0; index < 200; index += 1) host.work.print('y'.repeat(10_000));
    await host.settle();
    host.connect(first, 1);
    await host.settle(10_000);
    const total = 2_000_001;
    const [{ skipped }] = first.notes as [{ skipped: number }];
    // What was in the channel when the link was cut still comes.
    expect(first.text.replaceAll(/^xy*/gu, '')).toBe(`<${total}>`);
    expect(first.text.length - `<${total}>`.length + skipped).toBe(total);
    host.work.print('z');
    await host.settle();
    expect(first.text.endsWith('>z')).toBe(true);
  });

  test('one whose link is back at once has all of it, however much waited', async () => {
    const { host, first } = hostWithClient({ backlog: 'live' });
    host.links.at(-1)?.cut();
    // Read ahead for a fast link.
    for (let index = 0; index < 200; index += 1) host.work.print('y'.repeat(10_000));
    host.clock.advance(900);
    host.connect(first, 1);
    await host.settle(10_000);
    expect([first.notes, first.text.length]).toEqual([[], 2_000_000]);
  });

  test('asked, one that does not answer keeps no program from its work', async () => {
    const { host, first } = hostWithClient({ backlog: 'ask' });
    host.links.at(-1)?.cut();
    host.clock.advance(10_000);
    for (let index = 0; index < 200; index += 1) host.work.print('y'.repeat(10_000));
    await host.settle();
    host.connect(first, 1);
    await host.settle(10_000);
    expect([first.notes.length, host.work.isPaused]).toEqual([1, true]);
    await host.settle(30_000);
    expect(host.work.isPaused).toBe(false);
    host.work.print('z');
    first.channel.note({ backlog: 'replay' });
    await host.settle(10_000);
    expect(first.text.length).toBe(2_000_001);
  });

  test.each(['replay', 'live'] as const)('asked, one that answers %s has that', async (answer) => {
    const { host, first } = hostWithClient({ backlog: 'ask' });
    host.links.at(-1)?.cut();
    host.clock.advance(10_000);
    for (let index = 0; index < 200; index += 1) host.work.print('y'.repeat(10_000));
    await host.settle();
    host.connect(first, 1);
    await host.settle(10_000);
    const [{ backlog }] = first.notes as [{ backlog: number }];
    expect(first.text.length + backlog).toBe(2_000_000);
    first.channel.note({ backlog: answer });
    await host.settle(10_000);
    if (answer === 'replay') expect(first.text).toBe('y'.repeat(2_000_000));
    else expect(first.text.endsWith('<2000000>')).toBe(true);
  });

  test.each(['replay', 'live'] as const)(
    '72 h away, 20 MB put out: with %s nothing is lost that is not told',
    async (backlog) => {
      const { host, first } = hostWithClient({ backlog });
      host.work.print('before;');
      await host.settle();
      host.links.at(-1)?.cut();
      let printed = 'before;';
      for (let hour = 0; hour < 72; hour += 1) {
        host.clock.advance(3_600_000);
        const text = `${hour}:${'.'.repeat(277_777)};`;
        host.work.print(text);
        printed += text;
        await host.settle(1);
      }
      expect(host.work.isPaused).toBe(false);
      host.connect(first, 1);
      await host.settle(60_000);
      host.work.print('after');
      await host.settle();
      if (backlog === 'replay') {
        expect(first.text === `${printed}after`).toBe(true);
      } else {
        const [{ screen, skipped }] = first.notes as [{ screen: number; skipped: number }];
        expect(first.text.endsWith(`<${printed.length}>after`)).toBe(true);
        expect(first.text.length - screen - 'after'.length + skipped).toBe(printed.length);
      }
    },
  );

  test('tmux -CC has every byte, however much it is', async () => {
    const { host, first } = hostWithClient({ backlog: 'live' });
    host.work.print('\u001bP1000p');
    await host.settle();
    host.links.at(-1)?.cut();
    host.clock.advance(10_000);
    for (let index = 0; index < 200; index += 1) host.work.print(`%output ${'y'.repeat(10_000)}\n`);
    await host.settle();
    host.connect(first, 1);
    await host.settle(10_000);
    expect([first.notes, first.text.length]).toEqual([[], 7 + 200 * 10_009]);
  });

  test('a client that attaches anew to tmux -CC is drawn nothing', async () => {
    const { host, first } = hostWithClient();
    host.work.print('\u001bP1000p');
    await host.settle();
    first.session.end(BYE.detached, '');
    await host.settle(5000);
    host.work.print('%exit\n');
    const second = host.client({ backlog: 'live' });
    host.connect(second, 2, ClientKeys.fromRoot(host.root));
    await host.settle();
    expect([second.notes, second.text]).toEqual([[], '%exit\n']);
  });

  test('what was forgotten is told to the byte; tmux -CC is ended with the reason instead', async () => {
    for (const start of ['', '\u001bP1000p']) {
      const { host, first } = hostWithClient();
      host.work.print(start);
      await host.settle();
      host.links.at(-1)?.cut();
      host.clock.advance(10_000);
      const line = `${'y'.repeat(99_999)}\n`;
      for (let index = 0; index < 800; index += 1) {
        host.work.print(line);
        if (index % 20 === 0) await host.settle(1);
      }
      host.connect(first, 1);
      await host.settle(60_000);
      if (start === '') {
        const [{ skipped }] = first.notes as [{ skipped: number }];
        expect(first.text.length + skipped).toBe(80_000_000);
      } else {
        expect(first.resets[0]).toMatch(/^\d+ bytes of tmux -CC were not kept/u);
      }
      expect(host.isOver).toBe(false);
    }
  });
});

describe('questions of programs', () => {
  const ASKED = 'a\u001b[cb';

  test('that a client sees are left to its terminal', async () => {
    const { host, first } = hostWithClient();
    host.work.print(ASKED);
    await host.settle();
    expect([first.text, host.work.typed]).toEqual([ASKED, '']);
  });

  test('that nobody sees are answered by the screen model, and asked of nobody later', async () => {
    const { host, first } = hostWithClient();
    host.links.at(-1)?.cut();
    host.clock.advance(10_000);
    // More than is given to the channel at once, so that the rest is for nobody.
    host.work.print('x'.repeat(60_000));
    host.work.print(ASKED);
    await host.settle();
    expect(host.work.typed).toBe('\u001b[?1;2c');
    host.connect(first, 1);
    await host.settle(10_000);
    expect(first.text).toBe(`${'x'.repeat(60_000)}ab`);
    host.work.print(ASKED);
    await host.settle();
    expect([first.text.endsWith(ASKED), host.work.typed]).toEqual([true, '\u001b[?1;2c']);
  });
});

test('the screen has the size that the terminal has', async () => {
  const { host, first } = hostWithClient({ columns: 90, rows: 20 });
  host.work.print('x');
  first.channel.note({ resize: [100, 30] });
  await host.settle();
  first.session.end(BYE.detached, '');
  await host.settle();
  host.connect(
    host.client({ backlog: 'live', columns: 70, rows: 10 }),
    2,
    ClientKeys.fromRoot(host.root),
  );
  await host.settle();
  expect(host.modelSizes).toEqual(['90x20', '100x30', '70x10']);
  expect(host.work.sizes).toEqual(['90x20', '100x30', '70x10']);
});

test('a screen is kept of much output while somebody looks, once it pauses', async () => {
  const { host } = hostWithClient();
  for (let index = 0; index < 60; index += 1) {
    host.work.print('y'.repeat(50_000));
    host.clock.advance(20);
  }
  expect(host.modelSizes).toEqual([]);
  await host.settle();
  expect(host.modelSizes).toEqual(['80x24']);
});

test('an answer that the terminal has no room for is dropped', async () => {
  const { host, first } = hostWithClient();
  host.work.writableBytes = 3;
  first.session.end(BYE.detached, '');
  await host.settle(5000);
  host.work.print('\u001b[c');
  await host.settle();
  expect(host.work.typed).toBe('');
});

test('a question that was half asked when somebody came back is asked whole', async () => {
  const { host, first } = hostWithClient();
  host.links.at(-1)?.cut();
  host.clock.advance(10_000);
  host.work.print('x'.repeat(60_000));
  host.work.print('\u001b[');
  await host.settle();
  host.connect(first, 1);
  await host.settle(10_000);
  host.work.print('c');
  await host.settle();
  expect(first.text).toBe(`${'x'.repeat(60_000)}\u001b[c`);
});

test('the status of a shell that is over comes behind the whole of a painting', async () => {
  const { host, first } = hostWithClient();
  first.session.end(BYE.detached, '');
  await host.settle(5000);
  host.work.exit(6);
  host.padding = '#'.repeat(300_000);
  const second = host.client({ backlog: 'live' });
  host.connect(second, 2, ClientKeys.fromRoot(host.root));
  await host.settle(10_000);
  expect(second.notes).toEqual([{ screen: 300_003, skipped: 0 }, { exit: 6 }]);
  expect(second.notedAt).toEqual([0, 300_003]);
});

test('an answer to a question that nobody has put changes nothing', async () => {
  const { host, first } = hostWithClient({ backlog: 'ask' });
  host.work.print('x');
  first.channel.note({ backlog: 'live' });
  await host.settle();
  expect([first.notes, first.text]).toEqual([[], 'x']);
});

describe('history', () => {
  function historyOf(host: Host, client: Client, since?: number) {
    const found = { text: '', isOver: false, accepted: {}, refusal: '' };
    const channel = client.mux.open(
      {
        kind: 'history',
        metadata: since === undefined ? {} : { since },
        stream: 1,
        priority: 'bulk',
      },
      {
        onAccept: (accepted) => {
          found.accepted = accepted;
        },
        onData: (bytes) => {
          found.text += Buffer.from(bytes).toString();
          channel.consumed(bytes.length);
        },
        onEof: () => {
          found.isOver = true;
        },
        onRefuse: (_error, { text }) => {
          found.refusal = text;
        },
      },
    );
    host.clock.advance(5000);
    return found;
  }

  test('is given to a second client of the user, and takes the shell from nobody', async () => {
    const { host, first } = hostWithClient();
    host.work.print('all that was');
    await host.settle();
    const visitor = new Client(host.clock, undefined, false);
    host.connect(visitor, 2, ClientKeys.fromRoot(host.root));
    expect(historyOf(host, visitor)).toEqual({
      text: 'all that was',
      isOver: true,
      accepted: { from: 0, end: 12 },
      refusal: '',
    });
    expect(historyOf(host, visitor, 4).text).toBe('that was');
    expect(historyOf(host, visitor, 400)).toMatchObject({ text: '', isOver: true });
    visitor.session.end(BYE.over, '');
    await host.settle();
    expect([first.end, host.isOver, host.server.isAttached]).toEqual([undefined, false, true]);
  });

  test('is read on while another client takes the shell over', async () => {
    const { host } = hostWithClient();
    host.work.print('all that was');
    await host.settle();
    const visitor = new Client(host.clock, undefined, false);
    host.connect(visitor, 2, ClientKeys.fromRoot(host.root));
    historyOf(host, visitor);
    host.connect(host.client(), 3, ClientKeys.fromPasskey(host.server.offerKeys()));
    expect(visitor.end).toBeUndefined();
    expect(historyOf(host, visitor).text).toBe('all that was');
  });

  test('alone is no reason to end a shell, nor to call it attached', async () => {
    const { host, first } = hostWithClient({ by: 'anna@laptop' });
    expect([host.server.isAttached, host.server.attachedBy]).toEqual([true, 'anna@laptop']);
    first.session.end(BYE.detached, '');
    await host.settle();
    const passkey = host.server.offerKeys();
    const keys = ClientKeys.fromPasskey(passkey);
    const visitor = new Client(host.clock, undefined, false);
    host.connect(visitor, 2, keys);
    expect(host.server.attachedBy).toBe('');
    historyOf(host, visitor);
    expect(host.server.isAttached).toBe(false);
    const root = keys.root?.slice() as Uint8Array;
    visitor.session.end(BYE.over, '');
    await host.settle();
    expect(host.isOver).toBe(false);
    // Its keys were for this once.
    const again = host.client();
    host.connect(again, 3, ClientKeys.fromRoot(root));
    expect(again.refusals).toBe(1);
  });

  test('is no obstacle to working afterwards: then BYE ends the work', async () => {
    const { host, first } = hostWithClient();
    first.session.end(BYE.detached, '');
    await host.settle();
    const second = host.client();
    host.connect(second, 2, ClientKeys.fromRoot(host.root));
    historyOf(host, second);
    second.session.end(BYE.over, '');
    await host.settle();
    expect(host.isOver).toBe(true);
    const other = hostWithClient();
    other.first.session.end(BYE.detached, '');
    await other.host.settle();
    const third = new Client(other.host.clock, undefined, false);
    other.host.connect(third, 2, ClientKeys.fromRoot(other.host.root));
    historyOf(other.host, third);
    third.openTerminal();
    await other.host.settle();
    third.session.end(BYE.over, '');
    await other.host.settle();
    expect(other.host.isOver).toBe(true);
  });

  test('of a session without a shell is refused', () => {
    const host = new Host();
    const visitor = new Client(host.clock, undefined, false);
    host.connect(visitor, 1);
    expect(historyOf(host, visitor).refusal).toBe('there is no shell whose output would be kept');
  });
});

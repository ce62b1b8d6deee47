import { describe, expect, test } from 'vitest';
import { chooseSession, claimName, SessionRefusal } from '../../src/etserver/choose-session.ts';
import type { SessionWish } from '../../src/etserver/session-wish.ts';
import type { SessionStatus } from '../../src/wire/session-status.ts';

const OWN_ID = 'ee'.repeat(16);
const WISH: SessionWish = {
  name: '',
  attach: 'either',
  session: '',
  killOthers: false,
  historyBytes: 1,
};

function status(digit: string, more: Partial<SessionStatus> = {}): SessionStatus {
  return {
    session: digit.repeat(32),
    name: '',
    pid: 5,
    port: 0,
    command: '-bash',
    hasShell: true,
    ageSeconds: 9,
    attached: false,
    by: '',
    idleSeconds: 5,
    over: false,
    backlogBytes: 0,
    historyBytes: 0,
    title: '',
    cwd: '',
    ...more,
  };
}

/** A host with these sessions alive; `names` may lead to some that are not. */
class Host {
  readonly names: Map<string, string>;
  #sessions: readonly SessionStatus[];
  ended = new Map<string, string>();
  pauses = 0;
  onPause = (): void => undefined;

  constructor(sessions: readonly SessionStatus[], names: Readonly<Record<string, string>> = {}) {
    this.#sessions = sessions;
    this.names = new Map(Object.entries(names));
    for (const { name, session } of sessions) if (name !== '') this.names.set(name, session);
  }

  get #deps() {
    const alive = (id: string) => this.#sessions.find(({ session }) => session === id);
    return {
      own: {
        list: async () => [...this.#sessions],
        isGone: async (id: string) => alive(id) === undefined && id !== OWN_ID,
        status: async (id: string) => alive(id),
        find: async (text: string) => {
          const named = this.names.get(text);
          if (named !== undefined && alive(named) !== undefined) return [named];
          return this.#sessions.map(({ session }) => session).filter((id) => id.startsWith(text));
        },
      },
      registry: {
        claim: async (name: string, id: string) => {
          if (!this.names.has(name)) this.names.set(name, id);
          return this.names.get(name) as string;
        },
        idNamed: async (name: string) => this.names.get(name),
        unclaim: async (name: string) => void this.names.delete(name),
      },
      records: {
        whyGone: async (id: string) => this.ended.get(id),
        idNamed: async (name: string) => (this.ended.has(name) ? name : undefined),
      },
      nowMs: 0,
      pause: async () => {
        this.pauses += 1;
        this.onPause();
      },
    };
  }

  become(sessions: readonly SessionStatus[]): void {
    this.#sessions = sessions;
  }

  choose(wish: Partial<SessionWish>): Promise<string | undefined> {
    return chooseSession(this.#deps, { ...WISH, ...wish });
  }

  claim(wish: Partial<SessionWish>): Promise<string | undefined> {
    return claimName(this.#deps, { ...WISH, ...wish }, OWN_ID);
  }

  async refusal(wish: Partial<SessionWish>): Promise<string> {
    try {
      await this.choose(wish);
    } catch (error) {
      if (error instanceof SessionRefusal) return `${error.code}: ${error.message}`;
      throw error;
    }
    return 'none';
  }
}

const WORK = status('a', { name: 'work' });

describe('with a name', () => {
  test('the session of that name is attached to where there is one', async () => {
    expect(await new Host([WORK]).choose({ name: 'work' })).toBe(WORK.session);
  });

  test('another is begun where there is none, or it does not answer any more', async () => {
    expect(await new Host([WORK]).choose({ name: 'play' })).toBeUndefined();
    expect(await new Host([], { work: WORK.session }).choose({ name: 'work' })).toBeUndefined();
  });

  test('and --new, one that is there is refused', async () => {
    expect(await new Host([WORK]).refusal({ name: 'work', attach: 'new' })).toBe(
      'name-taken: there is a session work on this host already',
    );
  });

  test('one that runs no shell is refused', async () => {
    const build = status('b', { name: 'build', hasShell: false, command: 'make' });
    expect(await new Host([build]).refusal({ name: 'build' })).toBe(
      'no-session: session build runs a command without a terminal',
    );
  });

  test('one that has begun this moment is waited for until it has its shell', async () => {
    const young = { ...WORK, command: '', hasShell: false, ageSeconds: 0 };
    const host = new Host([young]);
    host.onPause = () => {
      if (host.pauses === 3) host.become([WORK]);
    };
    expect(await host.choose({ name: 'work' })).toBe(WORK.session);
    host.become([young]);
    expect(await host.refusal({ name: 'work' })).toBe('no-session: session work runs no shell');
    expect(host.pauses).toBe(23);
  });

  test('which nobody has, the session that has begun has it', async () => {
    const host = new Host([], { work: 'd'.repeat(32) });
    expect(await host.claim({ name: 'work' })).toBeUndefined();
    expect(host.names.get('work')).toBe(OWN_ID);
  });

  test('which another that began at the same time has, that one is attached to', async () => {
    expect(await new Host([WORK]).claim({ name: 'work' })).toBe(WORK.session);
  });
});

describe('only to attach', () => {
  test('a name, the beginning of an id, and a whole id lead to it', async () => {
    const host = new Host([WORK, status('b')]);
    expect(await host.choose({ attach: 'only', session: 'work' })).toBe(WORK.session);
    expect(await host.choose({ attach: 'only', session: 'bbbb' })).toBe('b'.repeat(32));
    expect(await host.choose({ attach: 'only', session: WORK.session })).toBe(WORK.session);
  });

  test('without a word it is the only one, or the only one that has no client', async () => {
    const attached = status('b', { attached: true });
    expect(await new Host([attached]).choose({ attach: 'only' })).toBe(attached.session);
    expect(await new Host([attached, WORK]).choose({ attach: 'only' })).toBe(WORK.session);
  });

  test('of several it says which there are', async () => {
    const host = new Host([WORK, status('b'), status('c', { attached: true })]);
    expect(await host.refusal({ attach: 'only' })).toBe(
      'several-sessions: 3 sessions on this host: work (detached 5 s), bbbbbbbb (detached 5 s), cccccccc (attached)',
    );
  });

  test('sessions that run no shell do not count', async () => {
    const host = new Host([status('b', { hasShell: false, command: '' })]);
    expect(await host.refusal({ attach: 'only' })).toBe('no-session: no session on this host');
    expect(await host.refusal({ attach: 'only', session: 'bbbb' })).toContain('runs no shell');
  });

  test('of one that is gone it says what became of it, where that is known', async () => {
    const host = new Host([]);
    expect(await host.refusal({ attach: 'only', session: 'work' })).toBe(
      'no-session: no session work on this host',
    );
    host.ended.set('work', 'its host was started anew');
    expect(await host.refusal({ attach: 'only', session: 'work' })).toBe(
      'session-ended: session work is gone: its host was started anew',
    );
  });

  test('digits that begin several ids are refused', async () => {
    const host = new Host([status('b'), { ...status('b'), session: `bbbb${'c'.repeat(28)}` }]);
    expect(await host.refusal({ attach: 'only', session: 'bbbb' })).toBe(
      'several-sessions: bbbb begins 2 ids on this host',
    );
  });
});

import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Acceptor } from '../../src/backed/acceptor.ts';
import { ClientKeys } from '../../src/backed/client-keys.ts';
import { KeyRing } from '../../src/backed/key-ring.ts';
import { linkDial } from '../../src/backed/link-dial.ts';
import { DEFAULT_RECONNECT } from '../../src/backed/reconnect.ts';
import { Redialer } from '../../src/backed/redialer.ts';
import { Session } from '../../src/backed/session.ts';
import type { SessionSource } from '../../src/backed/session-events.ts';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { linkCrypto } from '../../src/crypto/link-crypto.ts';
import { routeIdOf } from '../../src/crypto/route-id.ts';
import { joinRouter } from '../../src/etserver/join-router.ts';
import { HostResolver } from '../../src/link/host-resolver.ts';
import { SocketFactory } from '../../src/link/socket-factory.ts';
import { TcpDialer } from '../../src/link/tcp-dial.ts';
import { INSTANCE_ID_BYTES, PROTOCOL_VERSION, SESSION_ID_BYTES } from '../../src/wire/limits.ts';

/** What the program says: `servers` once, when all are registered; `clients` each time that all have a link, after one was lost. */
export interface CrowdNews {
  readonly kind: 'all';
  /** When each of them had its link, by the wall clock, in order. */
  readonly joinedAtMs: readonly number[];
}

const CONTEXT = {
  sessionId: new Uint8Array(SESSION_ID_BYTES),
  protocol: PROTOCOL_VERSION,
  features: [],
};
const NOTHING: SessionSource = { ready: 0, take: () => 0, receive: () => undefined };

const clock = new SystemClock();
const sockets = new SocketFactory(clock);

/** Both programs of a crowd know them without a word; this is a bench, and the router one that dies with it. */
function secretOf(index: number, purpose: 'route' | 'root'): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`${purpose} ${index}`).digest());
}

function say(news: CrowdNews): void {
  process.send?.(news);
}

/** A session server, as far as links and the router know it. */
async function serve(index: number, socket: string): Promise<void> {
  const sessions = new Map<string, Session>();
  const keys = new KeyRing(undefined, secretOf(index, 'root'));
  const acceptor = new Acceptor(linkCrypto(), CONTEXT, [keys], clock, silentLogger, {
    onJoin: (instance, link) => sessionOf(instance).addLink(link),
    get instanceCount() {
      return sessions.size;
    },
    hasInstance: (instance) => sessions.has(instance),
  });
  const sessionOf = (instance: string): Session => {
    const known = sessions.get(instance);
    if (known !== undefined) return known;
    const events = { onLink: () => undefined, onEnd: () => undefined };
    const session = new Session('server', clock, silentLogger, events);
    session.attach(NOTHING);
    sessions.set(instance, session);
    return session;
  };
  const join = {
    clock,
    random: systemRandom,
    socket,
    onCarrier: acceptor.accept.bind(acceptor),
    onDatagram: () => undefined,
  };
  while ((await joinRouter(join, secretOf(index, 'route'))) === undefined) await sleep(20);
}

/** A client, whose link is made again whenever it is lost. `onLink`: it has one, or has none any more. */
function follow(index: number, port: number, onLink: (isThere: boolean) => void): void {
  const session: Session = new Session('client', clock, silentLogger, {
    onLink: (event, link) => {
      if (event === 'joined') {
        for (const other of session.links) if (other !== link) session.dropLink(other);
        onLink(true);
        return;
      }
      if (session.links.count === 0) onLink(false);
      searchWhereNeeded(redialer, session, event);
    },
    onEnd: () => redialer.stop(),
  });
  session.attach(NOTHING);
  const routeId = routeIdOf(secretOf(index, 'route'));
  const dial = linkDial(
    {
      clock,
      crypto: linkCrypto(),
      context: CONTEXT,
      routeId: () => routeId,
      instance: systemRandom.bytes(INSTANCE_ID_BYTES),
      keys: ClientKeys.fromRoot(secretOf(index, 'root')),
      isNoRoute: () => false,
    },
    new TcpDialer(clock, sockets, new HostResolver()).to({ host: '127.0.0.1', port }),
  );
  const redialer: Redialer = new Redialer(clock, systemRandom, DEFAULT_RECONNECT, dial, {
    onLink: (link) => session.addLink(link),
    onFail: () => undefined,
  });
  redialer.onLost();
}

function searchWhereNeeded(redialer: Redialer, { links }: Session, event: string): void {
  if (links.count === 0) redialer.onLost();
  else if (!links.hasTrusted) redialer.onSuspect();
  else if (event === 'revived') redialer.onRevived();
}

function followAll(count: number, port: number): void {
  const linked = new Map<number, number>();
  for (let index = 0; index < count; index += 1) {
    follow(index, port, (isThere) => {
      const wasAll = linked.size === count;
      linked.delete(index);
      if (isThere) linked.set(index, Date.now());
      if (!wasAll && linked.size === count) say({ kind: 'all', joinedAtMs: [...linked.values()] });
    });
  }
}

async function main([role, place = '', count = '0']: readonly string[]): Promise<void> {
  if (role === 'clients') {
    followAll(Number(count), Number(place));
    return;
  }
  for (let index = 0; index < Number(count); index += 1) await serve(index, place);
  say({ kind: 'all', joinedAtMs: [] });
}

process.once('disconnect', () => process.exit(0));
await main(process.argv.slice(2));

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { ClientMachine } from '../support/client-machine.ts';
import { EtHost } from '../support/et-host.ts';
import type { EtTerminal } from '../support/et-terminal.ts';
import { describeNeeding } from '../support/requirements.ts';
import {
  ROUTER_KINDS,
  type Road,
  type RoadKind,
  STRAIGHT_KINDS,
  UDP_KINDS,
  WEB_SOCKET_KIND,
} from '../support/road-kinds.ts';
import { PROFILE } from '../support/through-router.ts';

/** Those by which a session can be come back to without ssh, and ssh. */
const KINDS = [...STRAIGHT_KINDS, ...UDP_KINDS, ...ROUTER_KINDS, WEB_SOCKET_KIND];

for (const kind of KINDS.filter(({ name }) => name !== 'udp through a translator that forgets')) {
  describeRoad(kind);
}

function describeRoad({ name, needs, open }: RoadKind): void {
  describeNeeding(['sshd', 'linux', ...needs], `a session that was left, over ${name}`, () => {
    let host: EtHost;
    let road: Road;
    let machine: ClientMachine;

    beforeAll(async () => {
      host = await EtHost.start();
      host.file('.bash_profile', PROFILE);
      machine = new ClientMachine(host, 'laptop');
    });

    beforeEach(async () => {
      road = await open(host);
    });

    afterEach(async ({ task }) => {
      if (task.result?.state === 'fail') host.clear();
      await host.withoutSessions();
      await road.close();
      machine.forget();
    });

    afterAll(async () => {
      await host.stop();
    });

    test('is come back to by the same road: after ~d, after a kill, and from another client', async () => {
      const isLocal = road.to.length === 0;
      const flags = [...road.words.slice(2), '--name', 'w'];
      const first = machine.et([...flags, ...road.to]);
      await first.see('$ ');
      first.type('mine=4711\r');
      await first.see('$ ');
      if (!isLocal) await machine.keeps(1);
      first.type('\r~d');
      await first.see('et: detached from w');
      expect((await first.ended).status).toBe(0);
      const second = await back();
      second.pty.signal('KILL');
      await second.ended;
      const third = await back();
      const fourth = await back();
      await third.see('taken over by');
      expect((await third.ended).status).toBe(0);
      await expectRoad(fourth);
      fourth.type('exit 3\r');
      expect((await fourth.ended).status).toBe(3);
    });

    async function back(): Promise<EtTerminal> {
      const et = machine.et(['attach', 'w'], { environment: road.environment ?? {} });
      et.type('echo "[$mine]"\r');
      await et.see('[4711]');
      return et;
    }

    /** The link that carries it, as `~s` tells of it. */
    async function expectRoad(et: EtTerminal): Promise<void> {
      et.type('\r~s');
      const text = await et.see(', alive, round trip');
      expect(text.slice(text.lastIndexOf(': ') + 2)).toMatch(road.label);
    }
  });
}

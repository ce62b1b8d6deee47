import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, test } from 'vitest';
import { ClientMachine } from '../support/client-machine.ts';
import { EtHost } from '../support/et-host.ts';
import { LeftScreen } from '../support/left-screen.ts';
import { PROJECT_ROOT } from '../support/project-root.ts';
import { describeNeeding } from '../support/requirements.ts';
import { SEED } from '../support/seed.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { until } from '../support/until.ts';

/** How often the client of the painter is killed on each size of screen; of the others a third as often. */
const KILLS = process.env['EVERTERM_SOAK'] === '1' ? 60 : 3;
const FEW_KILLS = Math.ceil(KILLS / 3);
const TEST_MS = 60_000 + KILLS * 20_000;
const PAINTER = join(PROJECT_ROOT, 'test', 'support', 'painter.js');
const SIZES = [
  [80, 24],
  [120, 40],
] as const;

describeNeeding(
  ['sshd', 'linux', 'tmux', 'vim', 'less', 'htop'],
  `the screen of a client that comes back after a kill (EVERTERM_SEED=${SEED})`,
  () => {
    let host: EtHost;
    let machine: ClientMachine;
    const random = new SeededRandom(SEED + 61);

    beforeAll(async () => {
      host = await EtHost.start();
      machine = new ClientMachine(host, 'laptop');
      host.file(
        '.bash_profile',
        "PS1='\\[\\e]2;at \\w\\a\\e[1;32m\\]\\u\\[\\e[m\\]:\\[\\e[34m\\]\\w\\[\\e[m\\]\\$ '\n",
      );
    });

    afterEach(async ({ task }) => {
      if (task.result?.state === 'fail') host.clear();
      await host.quiet();
      machine.forget();
    });

    afterAll(async () => {
      await host.stop();
    });

    test.each(SIZES)(
      'is that of a terminal that has seen all of a painter, %i x %i',
      {
        timeout: TEST_MS,
      },
      async (columns, rows) => {
        host.file('go', '0');
        host.file('done', '0');
        await on(
          columns,
          rows,
          `${process.execPath} ${PAINTER} ${host.home} ${SEED}`,
          async (screen) => {
            for (let burst = 1; burst <= KILLS; burst += 1) {
              // Half of them while they are coming.
              if (random.chance(0.5)) screen.attach();
              const killed = sleep(random.integer(0, 900)).then(() => screen.kill());
              writeFileSync(join(host.home, 'go'), String(burst));
              await killed;
              await done(burst);
              screen.attach();
              await screen.expectSeen();
            }
          },
        );
      },
    );

    test('is that of a prompt with colours and a title, behind a long output', {
      timeout: TEST_MS,
    }, async () => {
      host.file(
        'burst',
        'echo $1 > ~/go; for i in $(seq 300); do printf "\\e[3$((i % 8))mline %d\\e[m\\n" $i; sleep 0.002; done; cd /usr/share; echo $1 > ~/done',
      );
      await on(80, 24, 'bash -l', async (screen) => {
        for (let burst = 1; burst <= FEW_KILLS; burst += 1) {
          screen.type(`. ~/burst ${burst}; echo half`, 'Enter', 'not run');
          await until(
            'a burst',
            () => Number(host.read('go')),
            (begun) => begun === burst,
          );
          await sleep(random.integer(0, 900));
          screen.kill();
          await done(burst);
          screen.attach();
          await screen.expectSeen();
          screen.type('C-u');
        }
      });
    });

    test('is that of vim in the middle of an edit', { timeout: TEST_MS }, async () => {
      const lines = Array.from(
        { length: 90 },
        (_, index) => `const x${index} = 'text ${index}'; // ${'漢'.repeat(index % 9)}`,
      );
      host.file('edited.ts', `${lines.join('\n')}\n`);
      host.file(
        'vimrc',
        'syntax on\nset nu ruler mouse=a hls title cursorline list\nset directory=. t_u7=\n',
      );
      const edit = (round: number): string =>
        `:call writefile(["${round}"], "go")\r${`${4 * round}Gccnew text ${round}\x1b:redraw|sleep 20m\rp/x[0-9]3\r:redraw|sleep 20m\r\x05:redraw|sleep 20m\r`.repeat(12)}:call writefile(["${round}"], "done")\rvjjl`;
      for (let round = 1; round <= FEW_KILLS; round += 1) {
        host.file('done', '0');
        host.file('keys', edit(round));
        await on(
          round % 2 === 0 ? 120 : 80,
          24,
          'vim -u vimrc -s keys edited.ts',
          async (screen) => {
            await until(
              'vim',
              () => Number(host.read('go')),
              (begun) => begun === round,
            );
            await sleep(random.integer(0, 700));
            screen.kill();
            await done(round);
            screen.attach();
            await screen.expectSeen();
          },
        );
      }
    });

    test('is that of less, which follows a file', { timeout: TEST_MS }, async () => {
      for (let round = 1; round <= FEW_KILLS; round += 1) {
        const file = host.file('followed', '\x1b[1mbegin\x1b[m\n');
        await on(80, 24, `less -R +F ${file}`, async (screen) => {
          await screen.see('Waiting for data');
          const killed = sleep(random.integer(0, 900)).then(() => screen.kill());
          for (let line = 0; line < 40; line += 1) {
            const text = `\x1b[${30 + (line % 8)}mline ${line}\x1b[m ${'x'.repeat(line * 3)}\n`;
            writeFileSync(file, text, { flag: 'a' });
            await sleep(15);
          }
          await killed;
          await sleep(1500);
          screen.attach();
          await screen.expectSeen();
        });
      }
    });

    test('is that of htop, which is stopped for the comparison', { timeout: TEST_MS }, async () => {
      await on(120, 40, 'htop -d 3', async (screen) => {
        await screen.see('Load average');
        for (let round = 1; round <= FEW_KILLS; round += 1) {
          screen.type(round % 2 === 0 ? 'F6' : 'F5');
          await sleep(random.integer(0, 900));
          screen.kill();
          await sleep(random.integer(0, 900));
          screen.attach();
          await sleep(random.integer(0, 900));
          signal('STOP');
          await screen.expectSeen();
          screen.attach();
          await screen.expectSeen();
          signal('CONT');
        }
      });
    });

    /** A session of its own that runs `command` on panes of this size. */
    async function on(
      columns: number,
      rows: number,
      command: string,
      body: (screen: LeftScreen) => Promise<void>,
    ): Promise<void> {
      const screen = await LeftScreen.open(machine, { columns, rows, command });
      try {
        await body(screen);
      } finally {
        await screen.close();
      }
    }

    async function done(burst: number): Promise<void> {
      await until(
        'the end of a burst',
        () => Number(host.read('done')),
        (last) => last === burst,
      );
    }

    function signal(name: 'STOP' | 'CONT'): void {
      const line = host.processes().find((each) => /^\d+ htop /u.test(each));
      process.kill(Number(line?.split(' ')[0]), `SIG${name}`);
    }
  },
);

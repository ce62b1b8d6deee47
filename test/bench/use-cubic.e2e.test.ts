import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { describeNeeding } from '../support/requirements.ts';
import { BenchPlace } from './bench-place.ts';
import { useCubic } from './use-cubic.ts';

const SETTINGS = {
  quick: true,
  runs: undefined,
  profileDirectory: undefined,
  say: () => undefined,
} as const;
/** TCP_CONGESTION */
const NAME = 'print(s.getsockopt(socket.IPPROTO_TCP, 13, 16).rstrip(bytes(1)).decode())';
const ACCEPT = `import socket
l = socket.create_server(("0.0.0.0", 7000)); print("listening", flush=True)
s, _ = l.accept(); ${NAME}`;

describeNeeding(['netlab', 'sshd', 'python3'], 'useCubic', () => {
  test('whoever connects and whoever accepts uses cubic', async () => {
    const place = await BenchPlace.inLab(SETTINGS, 'delay=0');
    try {
      useCubic(place);
      const python = (side: 'client' | 'server', script: string): [string, string[]] => {
        const [file = '', ...args] = place.commandOn(side, ['python3', '-c', script]);
        return [file, args];
      };
      const server = spawn(...python('server', ACCEPT), { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(server.stdout, 'readable');
      const address = `("${place.lab.server}", 7000)`;
      const connect = `import socket; s = socket.create_connection(${address}); ${NAME}`;
      const [client, accepted] = await Promise.all([
        promisify(execFile)(...python('client', connect)),
        text(server.stdout),
      ]);
      expect(client.stdout).toBe('cubic\n');
      expect(accepted).toBe('listening\ncubic\n');
    } finally {
      await place.stop();
    }
  });
});

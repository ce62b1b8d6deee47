import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { expect, test } from 'vitest';
import { DatagramSocket } from '../../src/link/datagram-socket.ts';
import { PROJECT_ROOT } from '../support/project-root.ts';
import { describeNeeding } from '../support/requirements.ts';
import { turnUntil } from './real-time.ts';

describeNeeding(['root', 'python3'], 'a datagram from port 0', () => {
  test('is not passed up: an answer to it would be an exception', async () => {
    const heard: string[] = [];
    const socket = await DatagramSocket.open(4, '127.0.0.1', 0, {
      onDatagram: (bytes, address, port) => {
        heard.push(Buffer.from(bytes).toString());
        socket.send([Uint8Array.of(1)], address, port);
      },
    });
    const script = `${PROJECT_ROOT}/test/support/send-from-port-0.py`;
    execFileSync('python3', [script, String(socket.port)]);
    const other = createSocket('udp4');
    other.send('from somebody', socket.port, '127.0.0.1');
    await turnUntil(() => heard.length > 0);
    expect(heard).toEqual(['from somebody']);
    other.close();
    socket.close();
  });
});

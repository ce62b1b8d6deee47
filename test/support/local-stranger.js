// What another user of a machine may try at a router's registration socket. JavaScript that needs no build and no file of the
// project: that user may not be allowed to read it.
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, rmdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const [socketPath = '', what, amount = '', elsewhere = ''] = process.argv.slice(2);

/** One connection that registers; resolves to what the router said last, or `dropped`. */
function register(claim, keep) {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    let text = '';
    const finish = (outcome) => {
      if (keep) socket.removeAllListeners('close');
      else socket.destroy();
      resolve(outcome);
    };
    socket.on('error', () => undefined);
    socket.on('close', () => resolve('dropped'));
    socket.on('data', (bytes) => {
      text += bytes;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        const line = JSON.parse(text.slice(0, end));
        text = text.slice(end + 1);
        if (line.claim !== undefined) {
          claim.make(line.claim);
          socket.write('{"claimed":true}\n');
          claim.path = line.claim;
        } else {
          claim.remove(claim.path);
          finish(line.registered === undefined ? 'refused' : 'registered');
        }
      }
    });
    socket.write(`${JSON.stringify({ register: [randomBytes(32).toString('hex')] })}\n`);
  });
}

const honest = () => ({
  make: (path) => mkdirSync(path, { mode: 0o700 }),
  remove: (path) => rmdirSync(path),
});

const TRICKS = {
  link: { make: (path) => symlinkSync(elsewhere, path), remove: unlinkSync },
  open: {
    make: (path) => {
      mkdirSync(path);
      chmodSync(path, 0o777);
    },
    remove: rmdirSync,
  },
  file: { make: (path) => writeFileSync(path, ''), remove: unlinkSync },
  nothing: { make: () => undefined, remove: () => undefined },
};

async function registerMany(count) {
  let registered = 0;
  for (let i = 0; i < count; i += 1) {
    if ((await register(honest(), true)) === 'registered') registered += 1;
  }
  return { registered };
}

async function crowd(seconds) {
  let connections = 0;
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    for (let i = 0; i < 100; i += 1) {
      const socket = connect(socketPath, () => {
        connections += 1;
        // Some say a line, and then do nothing.
        if (i % 2 === 0) socket.write(`{"register":["${'ab'.repeat(32)}"]}\n`);
      });
      socket.on('error', () => undefined);
      socket.resume();
    }
    await sleep(1);
  }
  return { connections };
}

const result =
  what === 'register'
    ? await registerMany(Number(amount))
    : what === 'crowd'
      ? await crowd(Number(amount))
      : { outcome: await register({ ...TRICKS[amount] }, false) };
process.stdout.write(JSON.stringify(result), () => process.exit(0));

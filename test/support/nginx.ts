import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Certificate } from './certificate.ts';
import { freePort } from './free-port.ts';
import { Program } from './program.ts';
import { requireTool } from './requirements.ts';
import { until } from './until.ts';

/** A real nginx on a port of 127.0.0.1: TLS, a page at /, and at /et what listens on another port, as docs/websocket.md has it. */
export class Nginx {
  readonly port: number;
  readonly #directory: string;
  #program: Program;

  private constructor(directory: string, port: number) {
    this.#directory = directory;
    this.port = port;
    this.#program = this.#start();
  }

  static async open(certificate: Certificate, targetPort: number): Promise<Nginx> {
    const directory = mkdtempSync(join(tmpdir(), 'everterm-nginx-'));
    const port = await freePort();
    writeFileSync(join(directory, 'nginx.conf'), configuration(certificate, port, targetPort));
    const nginx = new Nginx(directory, port);
    await nginx.#listens();
    return nginx;
  }

  /** Ends it at once, with all of its connections, and starts it again. */
  async restart(): Promise<void> {
    await this.#program.stop();
    this.#program = this.#start();
    await this.#listens();
  }

  async close(): Promise<void> {
    await this.#program.stop();
    rmSync(this.#directory, { recursive: true });
  }

  #start(): Program {
    const file = join(this.#directory, 'nginx.conf');
    const prefix = `${this.#directory}/`;
    const log = join(this.#directory, 'error.log');
    return new Program([requireTool('nginx'), '-c', file, '-p', prefix, '-e', log], {
      cwd: this.#directory,
      environment: {},
    });
  }

  async #listens(): Promise<void> {
    const ask = (): Promise<boolean> =>
      new Promise((resolve) => {
        const socket = connect(this.port, '127.0.0.1');
        const answer = (isThere: boolean): void => {
          socket.destroy();
          resolve(isThere);
        };
        socket.once('connect', () => answer(true));
        socket.once('error', () => answer(false));
      });
    await until('nginx listens', ask, Boolean);
  }
}

function configuration(certificate: Certificate, port: number, targetPort: number): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
daemon off;
worker_processes 1;
pid pid;
error_log error.log;
events { worker_connections 64; }
http {
  access_log off;
  ${paths.map((name) => `${name}_temp_path ${name};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${certificate.certificateFile};
    ssl_certificate_key ${certificate.keyFile};
    location / { default_type text/plain; return 200 "a web site"; }
    location = /et {
      proxy_pass http://127.0.0.1:${targetPort};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }
  }
}
`;
}

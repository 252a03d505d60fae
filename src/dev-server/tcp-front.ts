/**
 * Owns one listening port and every client socket that came in through it. Used by the gRPC gate and by the HTTP
 * side, so that faults can work on plain TCP: nothing above it hides a socket. It never reads or writes a byte.
 */
import type { Server, Socket } from 'node:net';

export interface TcpFrontOptions {
  readonly host: string;
  /** A fresh server, not listening, that reads from its sockets. Called for each `listen`. */
  readonly createServer: () => Server;
}

export class TcpFront {
  readonly #options: TcpFrontOptions;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  constructor(options: TcpFrontOptions) {
    this.#options = options;
  }

  /** The port of the last `listen`; 0 before the first. */
  get port(): number {
    return this.#port;
  }

  get listening(): boolean {
    return this.#server !== undefined;
  }

  /** Rejects with Node's own error, like EADDRINUSE. */
  async listen(port: number): Promise<void> {
    const server = this.#options.createServer();
    server.on('connection', (socket) => this.#track(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: this.#options.host }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    // Errors of single accepts (no more file descriptors) must not end the process that embeds us.
    server.on('error', () => undefined);
    const address = server.address();
    this.#port = typeof address === 'object' && address !== null ? address.port : port;
    this.#server = server;
  }

  /** From now on a connect is refused by the system. Open sockets stay open. */
  stopListening(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  /** Cuts every socket with a reset, as a killed process does. */
  resetAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Idempotent; resolves when the port is free and each socket is gone. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed =
      server === undefined
        ? Promise.resolve()
        : new Promise<void>((resolve) => {
            server.close(() => resolve());
          });
    const gone = [...this.#sockets].map(
      (socket) =>
        new Promise<void>((resolve) => {
          socket.once('close', () => resolve());
          socket.destroy();
        }),
    );
    await Promise.all([closed, ...gone]);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    // A peer that resets is nothing to report; 'close' follows and tells the owner.
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

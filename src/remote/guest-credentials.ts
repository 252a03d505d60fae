/**
 * Owns what a library that is a guest in a process needs from a gRPC socket and what grpc-js does not offer: the socket
 * never keeps the process alive, although our stream on it is always open, and it can be destroyed at any moment.
 * Used by `grpc-transport.ts` only. It wraps the credentials of grpc-js and changes nothing on the wire.
 */
import type { Socket } from 'node:net';

import { ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';

type Connector = ReturnType<ChannelCredentials['_createSecureConnector']>;
type ConnectorArguments = Parameters<ChannelCredentials['_createSecureConnector']>;

/** grpc-js credentials that hand out the socket they secured. */
export class GuestCredentials extends ChannelCredentials {
  readonly #inner: ChannelCredentials;
  readonly #onSocket: (socket: Socket) => void;

  constructor(inner: ChannelCredentials, onSocket: (socket: Socket) => void) {
    super();
    this.#inner = inner;
    this.#onSocket = onSocket;
  }

  override _isSecure(): boolean {
    return this.#inner._isSecure();
  }

  override _equals(other: ChannelCredentials): boolean {
    return other === this;
  }

  override _createSecureConnector(
    target: ConnectorArguments[0],
    options: ChannelOptions,
    callCredentials?: ConnectorArguments[2],
  ): Connector {
    const connector = this.#inner._createSecureConnector(target, options, callCredentials);
    return {
      waitForReady: () => connector.waitForReady(),
      getCallCredentials: () => connector.getCallCredentials(),
      destroy: () => connector.destroy(),
      connect: async (socket) => {
        const result = await connector.connect(socket);
        result.socket.unref();
        // grpc-js refs the socket while a call is open, and our push stream always is.
        result.socket.ref = () => result.socket;
        this.#onSocket(result.socket);
        return result;
      },
    };
  }
}

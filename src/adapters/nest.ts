/**
 * Owns `nacos-serving/nest`: a module that registers the HTTP server of a Nest application and takes it out before anything of the
 * application is closed. Called by the user's root module, Nest 11 or 12, on Express or Fastify. Plain objects and classes: it
 * needs no decorators, and of Nest only the tokens of two providers.
 *
 * When to leave: Nest 12 asks the HTTP adapter before it calls any hook of closing (`beforeClose`), and may refuse requests from there
 * on; Nest 11 begins with `onModuleDestroy`, module after module by their distance from the root, and ours
 * is made the nearest, so that nothing the app needs to answer is gone while requests still come in.
 */
import { Server } from 'node:net';

import type {
  DynamicModule,
  FactoryProvider,
  ModuleMetadata,
  OnApplicationBootstrap,
  OnModuleDestroy,
} from '@nestjs/common';
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core';

import { RegistrationError } from '../errors.js';
import type { WaitOptions } from '../naming-api.js';
import type { InstanceChange, RegistrationStatus, ServerRegistration } from '../process-hub.js';
import { registerServer, type RegisterOptions } from './explicit.js';

export type { InstanceChange, RegistrationStatus } from '../process-hub.js';
export type { RegisterOptions } from './explicit.js';

export interface NacosServingModuleOptions extends RegisterOptions {
  /** `NacosServing` can be injected everywhere, without importing the module again. Default false. */
  readonly global?: boolean;
}

/** Options that a factory of the app makes. */
export interface NacosServingModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** As in `NacosServingModuleOptions`. */
  readonly global?: boolean;
  readonly inject?: FactoryProvider['inject'];
  /** Makes the options; called once, when the module is set up. */
  readonly useFactory: FactoryProvider<RegisterOptions | Promise<RegisterOptions>>['useFactory'];
}

const OPTIONS = Symbol('nacos-serving options');
/** The root module has 1, and global modules the most. */
const NEAREST = -1;

/** The registration of this application; inject it by its class. */
export class NacosServing implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #options: RegisterOptions;
  readonly #host: HttpAdapterHost;
  #registration: ServerRegistration | undefined;
  #ready: boolean | undefined;

  constructor(options: RegisterOptions, host: HttpAdapterHost) {
    this.#options = options;
    this.#host = host;
  }

  /** undefined until the server listens and its name, address and port are decided. */
  get status(): RegistrationStatus | undefined {
    return this.#registration?.status;
  }

  /** Resolves when the server has confirmed the registration. @throws RegistrationError, ClosedError */
  async registered(options?: WaitOptions): Promise<RegistrationStatus> {
    return this.#need().registered(options);
  }

  /** Changes the instance and resolves once that is confirmed. */
  async change(change: InstanceChange, options?: WaitOptions): Promise<RegistrationStatus> {
    return this.#need().change(change, options);
  }

  /** Opens or shuts the readiness gate; may be called from the first hook on. */
  setReady(ready: boolean): void {
    this.#ready = ready;
    this.#registration?.setReady(ready);
  }

  /** Of Nest: now there is a server. */
  onApplicationBootstrap(): void {
    const { httpAdapter } = this.#host;
    const server: unknown = httpAdapter?.getHttpServer();
    // An application context without HTTP, or a microservice alone.
    if (!(server instanceof Server)) return;
    this.#registration = registerServer(server, this.#options);
    if (this.#ready !== undefined) this.#registration.setReady(this.#ready);
    this.#leaveBefore(httpAdapter);
  }

  /** Of Nest: out of the registry, then the quiet time; at once when a signal has done so already. */
  async onModuleDestroy(): Promise<void> {
    await this.#registration?.close();
  }

  #leaveBefore(adapter: object): void {
    const before: unknown = Reflect.get(adapter, 'beforeClose');
    Reflect.set(adapter, 'beforeClose', async (): Promise<void> => {
      await this.#registration?.close();
      if (typeof before === 'function') await Reflect.apply(before, adapter, []);
    });
  }

  #need(): ServerRegistration {
    if (this.#registration !== undefined) return this.#registration;
    throw new RegistrationError(
      'NOT_REGISTERED',
      'nothing is registered: the application has no HTTP server, or is not initialised yet',
    );
  }
}

/**
 * Registers the application once it listens:
 *
 *     @Module({ imports: [NacosServingModule.forRoot({ service: { name: 'orders' } })] })
 *     export class AppModule {}
 *
 * `app.close()`, also through `enableShutdownHooks()`, waits until the instance is out and its callers know, and only then closes.
 */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- Nest tells modules apart by their class
export class NacosServingModule {
  /** The module with these options. */
  static forRoot(options: NacosServingModuleOptions = {}): DynamicModule {
    const { global, ...own } = options;
    return NacosServingModule.forRootAsync({ useFactory: () => own, ...asGlobal(global) });
  }

  /** The module with options that depend on others of the app. */
  static forRootAsync(options: NacosServingModuleAsyncOptions): DynamicModule {
    const { global, imports = [], inject = [], useFactory } = options;
    const service: FactoryProvider<NacosServing> = {
      provide: NacosServing,
      inject: [OPTIONS, HttpAdapterHost, ModulesContainer],
      useFactory: (own: RegisterOptions, host: HttpAdapterHost, modules: ModulesContainer) => {
        for (const module of modules.values()) {
          if (module.metatype === NacosServingModule) module.distance = NEAREST;
        }
        return new NacosServing(own, host);
      },
    };
    return {
      module: NacosServingModule,
      imports,
      providers: [{ provide: OPTIONS, inject, useFactory }, service],
      exports: [NacosServing],
      ...asGlobal(global),
    };
  }
}

function asGlobal(global: boolean | undefined): { readonly global?: boolean } {
  return global === undefined ? {} : { global };
}

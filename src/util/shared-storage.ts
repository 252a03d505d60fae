/**
 * Owns async contexts that all copies of the package in a process share: a storage under a global symbol, made when somebody writes the first
 * time. Before that nobody pays for it, as Node makes every asynchronous step slower where there is one. Used by what calls carry with them.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

/** Only copies of this package write under the symbols that this file is given. */
interface Holder<T> {
  storage?: AsyncLocalStorage<T>;
}

export class SharedStorage<T> {
  readonly #symbol: symbol;
  #holder: Holder<T> | undefined;

  constructor(symbol: symbol) {
    this.#symbol = symbol;
  }

  /** undefined: there is no value. Fast: it may be asked for each call. */
  get value(): T | undefined {
    return (this.#holder ?? this.#attach()).storage?.getStore();
  }

  run<R>(value: T, run: () => R): R {
    const holder = this.#holder ?? this.#attach();
    holder.storage ??= new AsyncLocalStorage<T>();
    return holder.storage.run(value, run);
  }

  #attach(): Holder<T> {
    let holder = Reflect.get(globalThis, this.#symbol) as Holder<T> | undefined;
    if (holder === undefined) {
      holder = {};
      Object.defineProperty(globalThis, this.#symbol, { value: holder });
    }
    this.#holder = holder;
    return holder;
  }
}

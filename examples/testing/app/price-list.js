/** The code under test: prices come from the service `prices`, their currency from a config. */
export class PriceList {
  #naming;
  #listening;

  constructor({ naming, config }) {
    this.#naming = naming;
    this.#listening = config.listen('shop.json');
  }

  /** Which instance to ask, and in which currency. */
  async next() {
    const { ip, port } = await this.#naming.pick('prices', { metadata: { version: '2' } });
    return { url: `http://${ip}:${port}/prices`, currency: await this.#currency() };
  }

  async #currency() {
    await this.#listening.ready();
    const { current } = this.#listening;
    return current === undefined ? 'EUR' : JSON.parse(current.content).currency;
  }

  async close() {
    await this.#listening.close();
  }
}

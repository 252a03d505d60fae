/**
 * Owns `import 'nacos-serving/register'` and `node --import`. The effect is in register.cts, so that both ways of loading share one
 * file and therefore one effect.
 */
import './register.cjs';

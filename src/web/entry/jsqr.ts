/** The library that reads QR codes, in a file of its own: few browsers need it. */
export { default } from 'jsqr';

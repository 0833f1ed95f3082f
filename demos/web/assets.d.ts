declare module 'earthquakes.json' {
  const collection: { readonly features: readonly import('../main/earthquakes').Feature[] };
  export default collection;
}

declare module '*.css';

import { builtinModules } from 'node:module';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const rxjsInternal = { group: ['rxjs/internal/*'], message: 'rxjs/internal is not public' };

export default defineConfig(
  globalIgnores(['dist/', 'out/', 'coverage/', '**/*.json']),

  // Everywhere: rules that need no type information.
  {
    files: ['**/*.ts', '**/*.js'],
    extends: [tseslint.configs.recommended],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: ['error', 'always'],
      'no-console': 'off',
      'no-else-return': ['error', { allowElseIf: false }],
      'no-implicit-coercion': ['error', { boolean: true, number: false, string: true }],
      'no-param-reassign': 'off',
      'no-self-compare': 'off', // `a !== a` is how NaN is told
      'no-unneeded-ternary': 'error',
      'no-useless-rename': 'error',
      'no-var': 'error',
      'object-shorthand': ['error', 'always', { avoidQuotes: true }],
      'prefer-const': 'error',
      'prefer-template': 'error',
      'no-restricted-imports': ['error', { patterns: [rxjsInternal] }],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        {
          argsIgnorePattern: '^_',
          varsIgnorePattern: '^_',
          caughtErrorsIgnorePattern: '^_',
          destructuredArrayIgnorePattern: '^_',
        },
      ],
    },
  },

  // Rules that read types.
  {
    files: ['src/**/*.ts', 'operators/**/*.ts', 'test/**/*.ts', 'demos/**/*.ts', 'scripts/**/*.ts'],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-for-in-array': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/require-array-sort-compare': 'error',
      '@typescript-eslint/restrict-plus-operands': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },

  // The library itself: runs in browsers, silent, with named exports and declared results.
  {
    files: ['src/**/*.ts', 'operators/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-imports': [
        'error',
        {
          paths: builtinModules.map((name) => ({ name, message: 'the library runs in browsers: no Node built-ins' })),
          patterns: [rxjsInternal, { regex: '^node:', message: 'the library runs in browsers: no Node built-ins' }],
        },
      ],
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'named exports only' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
    },
  },

  // What only tidemark/node and the command line reach.
  {
    files: ['src/node.ts', 'src/cli/**/*.ts', 'src/**/node[A-Z]*.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [rxjsInternal] }] },
  },

  // Type tests say things for the compiler only.
  {
    files: ['test/types/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unused-vars': 'off',
      '@typescript-eslint/no-floating-promises': 'off',
      '@typescript-eslint/no-unused-expressions': 'off',
    },
  },
);

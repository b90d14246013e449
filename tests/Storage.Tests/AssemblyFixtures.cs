using Lakala.Testing;

[assembly: AssemblyFixture(typeof(TestPostgres))]

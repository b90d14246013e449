using Lakala.Local;

using var state = await StateFolder.Open(Repository.Home);
await using var postgres = await PostgresServer.Open(state);
Console.WriteLine(postgres.ConnectionString(postgres.OwnDatabase));
return 0;

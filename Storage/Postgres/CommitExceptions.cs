namespace Lakala.Storage.Postgres;

/// <summary>Nothing was stored and nothing will be: the database could not be reached, or does not work now. Safe to refuse.</summary>
[GenerateSerializer, Alias("database-away")]
public sealed class DatabaseAwayException(string message, Exception? cause = null) : Exception(Told(message, cause))
{
    // Orleans cannot serialize a driver's exception: as an inner exception it would make this one unserializable too.
    internal static string Told(string message, Exception? cause) => cause is null ? message : $"{message} {cause.GetType().Name}: {cause.Message}";
}

/// <summary>The commit may or may not have happened. Submit the same item again to find out; never guess.</summary>
[GenerateSerializer, Alias("commit-unknown")]
public sealed class CommitUnknownException(string message, Exception? cause = null) : Exception(DatabaseAwayException.Told(message, cause));

/// <summary>The queue is full: nothing was stored. Safe to refuse.</summary>
[GenerateSerializer, Alias("commit-queue-full")]
public sealed class CommitQueueFullException(string message) : Exception(message);

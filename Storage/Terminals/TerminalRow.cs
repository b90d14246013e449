namespace Lakala.Storage.Terminals;

/// <summary>Working keys of one sign-on, wrapped under the key-encryption key.</summary>
[GenerateSerializer, Immutable, Alias("key-set")]
public sealed record KeySet([property: Id(0)] int Number, [property: Id(1)] byte[] PinKey, [property: Id(2)] byte[] MacKey)
{
    public override string ToString() => $"key set {Number}";
}

[GenerateSerializer, Immutable, Alias("terminal-row")]
public sealed record TerminalRow(
    [property: Id(0)] string Id,
    [property: Id(1)] string Store,
    [property: Id(2)] string StoreName,
    [property: Id(3)] bool Blocked,
    [property: Id(4)] byte[] MasterKey,
    [property: Id(5)] KeySet? Current,
    [property: Id(6)] KeySet? Next,
    [property: Id(7)] string Language,
    [property: Id(8)] DateTimeOffset? SignedOnAt,
    [property: Id(9)] int Parameters,
    [property: Id(10)] TerminalTasks Tasks = TerminalTasks.None)
{
    public KeySet? Find(int keySet) => Current?.Number == keySet ? Current : Next?.Number == keySet ? Next : null;

    public override string ToString() => $"terminal {Id}";
}

using System.Text.Json;
using Lakala.Wire.Files;

namespace Lakala.Local;

/// <summary>The silo's answer to <c>provision</c>, stored so that an instance is provisioned only once (<c>seed.json</c>, 0600).</summary>
/// <param name="ApiKey">The merchant's key to the API.</param>
/// <param name="Terminals">The terminals with their master keys.</param>
/// <param name="Bills">Numbers of the bills that were made.</param>
/// <param name="Database">The database that has it.</param>
public sealed record Seed(
    string ApiKey, IReadOnlyList<SeededTerminal> Terminals, IReadOnlyList<SeededClerk> Clerks, IReadOnlyList<SeededOperator> Operators, IReadOnlyList<string> Bills, string? Database)
{
    public override string ToString() => $"seed of {Terminals.Count} terminals and {Bills.Count} bills";
}

/// <param name="Id">8 characters.</param>
/// <param name="Store">15 characters.</param>
/// <param name="MasterKey">AES-256, 64 hexadecimal digits.</param>
public sealed record SeededTerminal(string Id, string Store, string MasterKey)
{
    public override string ToString() => $"terminal {Id} of store {Store}";
}

/// <param name="Number">Within the store of the terminals; the first is a clerk, the second a supervisor.</param>
public sealed record SeededClerk(string Number, string Password)
{
    public override string ToString() => $"clerk {Number}";
}

/// <param name="Name">One for each role: <c>watch</c>, <c>act</c> and <c>admin</c>.</param>
public sealed record SeededOperator(string Name, string Password)
{
    public override string ToString() => $"operator {Name}";
}

/// <summary>A card of the stand-in bank, as a shopper has it.</summary>
/// <param name="Track2">Track 2 without sentinels.</param>
/// <param name="Pin">The PIN that the shopper keys in.</param>
/// <param name="Expected"><c>approved</c>, or the bank's response code.</param>
/// <param name="RefundAnswers">The bank's response code to every refund, as of a card that was closed after the payment; null: refunds are credited.</param>
public sealed record TestCard(string Track2, string Pin, string Expected, string? RefundAnswers = null)
{
    public override string ToString() => $"card that is {Expected}";
}

/// <param name="Host">Name or address.</param>
/// <param name="Port">TCP, TLS.</param>
/// <param name="Ca">PEM file of the CA to trust.</param>
public sealed record TerminalAddress(string Host, int Port, string Ca);

/// <summary>The addresses and secrets of a running instance: <c>up.json</c> (0600), which exists while it runs.</summary>
public sealed record UpFile(
    Uri Http,
    TerminalAddress Terminal,
    string Database,
    Uri BankBook,
    string ApiKey,
    string Bill,
    IReadOnlyList<TestCard> Cards,
    SeededTerminal SpareTerminal,
    IReadOnlyList<SeededClerk> Clerks,
    IReadOnlyList<SeededOperator> Operators)
{
    public override string ToString() => $"instance at {Http}";
}

/// <summary>The files by which the programs of an instance find each other.</summary>
public static class LocalFiles
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
    };

    private static readonly JsonSerializerOptions OneLine = new(Json) { WriteIndented = false };

    public static string Serialise<T>(T content) => JsonSerializer.Serialize(content, Json);

    /// <summary>In one line, for a program that reads lines.</summary>
    public static string Line<T>(T content) => JsonSerializer.Serialize(content, OneLine);

    public static T Parse<T>(string text) =>
        JsonSerializer.Deserialize<T>(text, Json) ?? throw new SetupException($"expected a {typeof(T).Name}, found null");

    public static async Task<T?> Read<T>(string path)
        where T : class => File.Exists(path) ? Parse<T>(await File.ReadAllTextAsync(path)) : null;

    public static void Write<T>(string path, T content) => AtomicFile.Write(path, Serialise(content) + "\n");

    /// <summary>The cards of the bank's <c>cards.json</c>, in the form of a reader's input.</summary>
    public static async Task<IReadOnlyList<TestCard>> ReadCards(string path)
    {
        var cards = await Read<List<BankCard>>(path) ?? throw new SetupException($"the bank has not written {path}");
        return [.. cards.Select(card => new TestCard($"{card.Pan}={card.Expiry}2010000000000", card.Pin, card.Expected, card.RefundAnswers))];
    }

    private sealed record BankCard(string Pan, string Expiry, string Pin, string Expected, string? RefundAnswers = null)
    {
        public override string ToString() => $"card that is {Expected}";
    }
}

using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Lakala.Silo.Tests.Notices;

/// <summary>A mail host without TLS that answers each command as the test says, and counts complete mails.</summary>
internal sealed class ScriptedMailHost : IAsyncDisposable
{
    /// <summary>The names for its answers before the first command and after the data.</summary>
    public const string Greeting = "greeting", Dot = ".";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<string, Task<string?>> _answer;
    private readonly Task _serving;
    private int _mails;
    private int _connections;

    /// <param name="answer">Null closes the connection. <see cref="Usual"/> answers as a host that accepts everything.</param>
    public ScriptedMailHost(Func<string, Task<string?>> answer)
    {
        _answer = answer;
        _listener.Start();
        _serving = Serve();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Everything up to the dot has come.</summary>
    public int Mails => Volatile.Read(ref _mails);

    public int Connections => Volatile.Read(ref _connections);

    public ConcurrentQueue<string> Commands { get; } = [];

    public static string Usual(string command) => Verb(command) switch
    {
        Greeting => "220 mail.test",
        "DATA" => "354 go on",
        "QUIT" => "221 bye",
        _ => "250 ok",
    };

    /// <summary>Answers as usual, except commands that begin like this.</summary>
    public static ScriptedMailHost But(string verb, string? answer) =>
        new(command => Task.FromResult(Verb(command) == verb ? answer : Usual(command)));

    /// <summary>Answers as usual, but first does this when a command begins like this.</summary>
    public static ScriptedMailHost Waiting(string verb, Func<Task> wait) => new(async command =>
    {
        if (Verb(command) == verb)
        {
            await wait();
        }

        return Usual(command);
    });

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _listener.Dispose();
        _stop.Dispose();
    }

    private static string Verb(string command) => command.Split(' ')[0];

    private async Task Serve()
    {
        var lines = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                Interlocked.Increment(ref _connections);
                lines.Add(Converse(client));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(lines);
        }
    }

    private async Task Converse(TcpClient client)
    {
        using var line = client;
        await using var stream = line.GetStream();
        using var reader = new StreamReader(stream, Encoding.Latin1);
        try
        {
            var command = Greeting;
            while (command is not null)
            {
                if (await _answer(command).WaitAsync(_stop.Token) is not { } answer)
                {
                    return;
                }

                await stream.WriteAsync(Encoding.ASCII.GetBytes(answer + "\r\n"), _stop.Token);
                if (answer.StartsWith("354", StringComparison.Ordinal))
                {
                    while (await reader.ReadLineAsync(_stop.Token) != Dot)
                    {
                        // The mail itself.
                    }

                    Interlocked.Increment(ref _mails);
                    command = Dot;
                }
                else
                {
                    command = await reader.ReadLineAsync(_stop.Token);
                    Commands.Enqueue(command ?? "");
                }
            }
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException)
        {
            // The other side has closed, or the test is over.
        }
    }
}

using System.Globalization;
using MailKit;

namespace Lakala.Silo.Notices;

/// <summary>Where a conversation with a mail server stands.</summary>
internal enum SmtpStep
{
    Connection,

    /// <summary>TLS, the server's greeting, and the sign-in.</summary>
    Greeting,

    /// <summary>The mail's addresses, each command with the whole time of the step.</summary>
    Mail,

    /// <summary>The server has asked for the data.</summary>
    Data,

    /// <summary>The data has its final dot, and the server has not said yet whether it takes the mail.</summary>
    LastAnswer,

    /// <summary>The server has the mail.</summary>
    Goodbye,
}

/// <summary>
/// Ends a conversation in which the mail server leaves a step unanswered for too long. It hears what both sides say as the client's
/// protocol logger, and keeps nothing of it.
/// </summary>
internal sealed class SmtpClock : IProtocolLogger
{
    // RFC 5321, 4.5.3.2: a server may take so long, however odd it looks.
    private static readonly TimeSpan Answer = TimeSpan.FromMinutes(5), Data = TimeSpan.FromMinutes(10), LastAnswer = TimeSpan.FromMinutes(10);

    // The mail is delivered by then.
    private static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(5);

    // For servers that answer each line in time and never come to an end.
    private static readonly TimeSpan Whole = TimeSpan.FromMinutes(30);

    // The end of the data: a dot alone on a line, which no line of the mail itself can be.
    private static readonly byte[] Dot = "\r\n.\r\n"u8.ToArray();

    private readonly TimeSpan _connection;
    private readonly TimeProvider _time;
    private readonly long _begun;
    private readonly CancellationTokenSource _clock;
    private readonly CancellationTokenSource _either;
    private readonly Queue<byte> _lastSent = new(Dot.Length);

    public SmtpClock(TimeSpan connection, TimeProvider time, CancellationToken stop)
    {
        (_connection, _time, _begun) = (connection, time, time.GetTimestamp());
        _clock = new CancellationTokenSource(connection, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_clock.Token, stop);
    }

    public SmtpStep Step { get; private set; }

    public CancellationToken Token => _either.Token;

    public IAuthenticationSecretDetector? AuthenticationSecretDetector { get; set; }

    public void Begin(SmtpStep step)
    {
        Step = step;
        var left = Whole - _time.GetElapsedTime(_begun);
        _clock.CancelAfter(Max(TimeSpan.Zero, left < Bound ? left : Bound));
    }

    /// <summary>What the server has not done in time.</summary>
    public string Describe() => Step switch
    {
        SmtpStep.Connection => $"could not connect within {Seconds(_connection)}",
        SmtpStep.Greeting => $"no greeting within {Seconds(Answer)}",
        SmtpStep.Data => $"it does not take the data within {Seconds(Data)}",
        SmtpStep.LastAnswer => $"no word within {Seconds(LastAnswer)} on whether it takes the mail",
        _ => $"no answer within {Seconds(Answer)}",
    };

    public void LogConnect(Uri uri)
    {
    }

    public void LogClient(byte[] buffer, int offset, int count)
    {
        if (Step is not (SmtpStep.Mail or SmtpStep.Data))
        {
            return;
        }

        foreach (var one in buffer.AsSpan(offset, count)[Math.Max(0, count - Dot.Length)..])
        {
            if (_lastSent.Count == Dot.Length)
            {
                _lastSent.Dequeue();
            }

            _lastSent.Enqueue(one);
        }

        Begin(Step == SmtpStep.Data && _lastSent.SequenceEqual(Dot) ? SmtpStep.LastAnswer : Step);
    }

    public void LogServer(byte[] buffer, int offset, int count)
    {
        if (Step is SmtpStep.Greeting or SmtpStep.Mail)
        {
            Begin(Step == SmtpStep.Mail && buffer.AsSpan(offset, count).StartsWith("354"u8) ? SmtpStep.Data : Step);
        }
    }

    public void Dispose()
    {
        _either.Dispose();
        _clock.Dispose();
    }

    private TimeSpan Bound => Step switch
    {
        SmtpStep.Connection => _connection,
        SmtpStep.Data => Data,
        SmtpStep.LastAnswer => LastAnswer,
        SmtpStep.Goodbye => Goodbye,
        _ => Answer,
    };

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds} s");
}

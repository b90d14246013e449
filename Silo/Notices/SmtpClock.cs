using System.Globalization;
using MailKit;

namespace Lakala.Silo.Notices;

/// <summary>The step of a conversation with a mail server.</summary>
internal enum SmtpStep
{
    Connection,

    /// <summary>TLS, the server's greeting, and the sign-in.</summary>
    Greeting,

    /// <summary>The mail's addresses; each command has the whole time of the step.</summary>
    Mail,

    /// <summary>The server has asked for the data.</summary>
    Data,

    /// <summary>The final dot is sent, and the server has not answered yet whether it accepts the mail.</summary>
    LastAnswer,

    /// <summary>The server has accepted the mail.</summary>
    Goodbye,
}

/// <summary>
/// Ends a conversation in which the mail server does not answer a step in time. As the client's protocol logger it gets the bytes of
/// both sides, and stores none of them.
/// </summary>
internal sealed class SmtpClock : IProtocolLogger
{
    // RFC 5321, 4.5.3.2: a client must give a server this time.
    private static readonly TimeSpan Answer = TimeSpan.FromMinutes(5), Data = TimeSpan.FromMinutes(10), LastAnswer = TimeSpan.FromMinutes(10);

    // The mail is accepted by then.
    private static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(5);

    // For servers that answer each line in time and never end.
    private static readonly TimeSpan Whole = TimeSpan.FromMinutes(30);

    // The end of the data: a line with only a dot, which no line of the mail can be.
    private static readonly byte[] Dot = "\r\n.\r\n"u8.ToArray();

    private readonly TimeSpan _connection;
    private readonly TimeProvider _time;
    private readonly long _begun;
    private readonly CancellationTokenSource _clock;
    private readonly Queue<byte> _lastSent = new(Dot.Length);

    public SmtpClock(TimeSpan connection, TimeProvider time)
    {
        (_connection, _time, _begun) = (connection, time, time.GetTimestamp());
        _clock = new CancellationTokenSource(connection, time);
    }

    public SmtpStep Step { get; private set; }

    public CancellationToken Token => _clock.Token;

    public IAuthenticationSecretDetector? AuthenticationSecretDetector { get; set; }

    public void Begin(SmtpStep step)
    {
        Step = step;
        var left = Whole - _time.GetElapsedTime(_begun);
        _clock.CancelAfter(Max(TimeSpan.Zero, left < Bound ? left : Bound));
    }

    /// <summary>The text of the time-out: what the server has not done in time.</summary>
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

    public void Dispose() => _clock.Dispose();

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

using Lakala.Wire.Iso8583;
using Microsoft.AspNetCore.Connections;

namespace Lakala.Silo.Gateway;

/// <summary>One terminal's connection: answers on their way out, who was heard on it, and until when it must speak.</summary>
public sealed class TerminalLine(ConnectionContext connection, LineWatch watch) : IDisposable
{
    private readonly SemaphoreSlim _writing = new(1);

    // Only what is authentic renews it.
    private long _speakDeadline = watch.FirstMessageDeadline();
    private long _frameDeadline = long.MaxValue;

    /// <summary>Who is at the other end; null until it has said something authentic.</summary>
    internal string? Terminal { get; private set; }

    /// <summary>When it last did, on the monotonic clock.</summary>
    internal long HeardAt { get; private set; }

    /// <summary>On the monotonic clock.</summary>
    internal long Deadline => Math.Min(_speakDeadline, _frameDeadline);

    /// <summary>From this address so much came that was not authentic that nothing more is looked at which may not be.</summary>
    internal bool IsRefusedTooOften => (connection.Items[typeof(Arrivals)] as Arrivals.Arrival)?.IsRefusedTooOften ?? false;

    public async Task Send(Iso8583Message message, MessageMac? mac)
    {
        await _writing.WaitAsync();
        try
        {
            Iso8583Frame.Write(connection.Transport.Output, message, mac);
            await connection.Transport.Output.FlushAsync();
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>What came was authentic.</summary>
    internal void Heard(string terminal)
    {
        (Terminal, HeardAt) = (terminal, watch.Now);
        Renew();
    }

    /// <summary>What came had a right MAC: the line may live on, whatever becomes of the message.</summary>
    internal void Renew() => _speakDeadline = watch.IdleDeadline();

    /// <summary>Counts a message that was not authentic against the address that it came from.</summary>
    internal void CountReject() => (connection.Items[typeof(Arrivals)] as Arrivals.Arrival)?.Refused();

    /// <summary>Nothing more is read; what is under way is answered.</summary>
    internal void End() => connection.Transport.Input.CancelPendingRead();

    public void Abort() => connection.Abort();

    /// <summary>Part of a frame has come; the rest must come in time.</summary>
    internal void FrameBegun() => _frameDeadline = Math.Min(_frameDeadline, watch.FrameDeadline());

    /// <summary>A whole frame, or nothing of one, has come: the line may idle longer.</summary>
    internal void FrameEnded() => _frameDeadline = long.MaxValue;

    public void Dispose()
    {
        watch.Close(this);
        _writing.Dispose();
    }

    public override string ToString() => $"{Terminal ?? "terminal not known yet"} at {connection.RemoteEndPoint}";
}

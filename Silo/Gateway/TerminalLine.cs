using Lakala.Wire.Iso8583;
using Microsoft.AspNetCore.Connections;

namespace Lakala.Silo.Gateway;

/// <summary>One terminal's connection: its outgoing answers, its authenticated terminal, and its deadline.</summary>
public sealed class TerminalLine(ConnectionContext connection, LineWatch watch) : IDisposable
{
    private readonly SemaphoreSlim _writing = new(1);

    // Only an authentic message renews it.
    private long _speakDeadline = watch.FirstMessageDeadline();
    private long _frameDeadline = long.MaxValue;

    /// <summary>The terminal at the other end; null until its first authentic message.</summary>
    internal string? Terminal { get; private set; }

    /// <summary>The time of its last authentic message, by the monotonic clock.</summary>
    internal long HeardAt { get; private set; }

    /// <summary>By the monotonic clock.</summary>
    internal long Deadline => Math.Min(_speakDeadline, _frameDeadline);

    /// <summary>True when its address has reached the bound of messages that were not authentic.</summary>
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

    /// <summary>A message was authentic.</summary>
    internal void Heard(string terminal)
    {
        (Terminal, HeardAt) = (terminal, watch.Now);
        Renew();
    }

    /// <summary>A message had a right MAC: the line stays open, also if the message is refused.</summary>
    internal void Renew() => _speakDeadline = watch.IdleDeadline();

    /// <summary>Counts a message that was not authentic for its address.</summary>
    internal void CountReject() => (connection.Items[typeof(Arrivals)] as Arrivals.Arrival)?.Refused();

    /// <summary>Stops reading; messages under way are answered.</summary>
    internal void End() => connection.Transport.Input.CancelPendingRead();

    public void Abort() => connection.Abort();

    /// <summary>Part of a frame has come; the rest must come in time.</summary>
    internal void FrameBegun() => _frameDeadline = Math.Min(_frameDeadline, watch.FrameDeadline());

    /// <summary>No frame is incomplete: the longer idle time counts.</summary>
    internal void FrameEnded() => _frameDeadline = long.MaxValue;

    public void Dispose()
    {
        watch.Close(this);
        _writing.Dispose();
    }

    public override string ToString() => $"{Terminal ?? "terminal not known yet"} at {connection.RemoteEndPoint}";
}

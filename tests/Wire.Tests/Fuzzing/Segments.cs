using System.Buffers;
using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Tests.Fuzzing;

/// <summary>A stream as a pipe gives it: the received and unconsumed bytes, in the segments in which they were read.</summary>
internal static class Segments
{
    /// <summary>The frames that a reader finds, and the fault that ends them, when the stream comes in reads that end at the cuts.</summary>
    public static (List<byte[]> Frames, int Left, Iso8583Exception? Fault) Read(byte[] stream, int length, params ReadOnlySpan<int> cuts)
    {
        var frames = new List<byte[]>();
        var consumed = 0;
        try
        {
            for (var reads = 0; reads <= cuts.Length; reads++)
            {
                var end = reads < cuts.Length ? cuts[reads] : length;
                var buffer = Sequence(stream, consumed, end, cuts[..reads]);
                while (Iso8583Frame.TryRead(ref buffer, out var frame))
                {
                    frames.Add(frame.ToArray());
                }

                consumed = end - (int)buffer.Length;
            }
        }
        catch (Iso8583Exception fault)
        {
            return (frames, length - consumed, fault);
        }

        return (frames, length - consumed, null);
    }

    private static ReadOnlySequence<byte> Sequence(byte[] stream, int from, int to, ReadOnlySpan<int> cuts)
    {
        Piece? first = null, last = null;
        foreach (var cut in cuts)
        {
            if (cut > from && cut < to)
            {
                last = new Piece(stream.AsMemory(from, cut - from), last);
                first ??= last;
                from = cut;
            }
        }

        if (first is null)
        {
            return new ReadOnlySequence<byte>(stream, from, to - from);
        }

        last = new Piece(stream.AsMemory(from, to - from), last);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, Piece? before)
        {
            Memory = memory;
            if (before is not null)
            {
                RunningIndex = before.RunningIndex + before.Memory.Length;
                before.Next = this;
            }
        }
    }
}

using System.Buffers;
using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Tests;

public sealed class FrameTests
{
    [Fact]
    public void A_frame_is_read_when_its_last_byte_is_there()
    {
        var bytes = PeerLine.Frame(Samples.Wire[0]);
        for (var length = 0; length < bytes.Length; length++)
        {
            var part = new ReadOnlySequence<byte>(bytes, 0, length);
            Iso8583Frame.TryRead(ref part, out _).Should().BeFalse();
            part.Length.Should().Be(length, "nothing is taken off the buffer");
        }

        var whole = new ReadOnlySequence<byte>(bytes);
        Iso8583Frame.TryRead(ref whole, out var message).Should().BeTrue();
        message.ToArray().Should().Equal(Samples.Wire[0]);
        whole.IsEmpty.Should().BeTrue();
    }

    [Fact]
    public void Several_frames_in_one_buffer_are_read_one_after_the_other()
    {
        var buffer = new ReadOnlySequence<byte>([.. PeerLine.Frame(Samples.Wire[0]), .. PeerLine.Frame(Samples.Wire[1]), 0x00]);

        Iso8583Frame.TryRead(ref buffer, out var first).Should().BeTrue();
        Iso8583Frame.TryRead(ref buffer, out var second).Should().BeTrue();
        Iso8583Frame.TryRead(ref buffer, out _).Should().BeFalse();

        first.ToArray().Should().Equal(Samples.Wire[0]);
        second.ToArray().Should().Equal(Samples.Wire[1]);
        buffer.Length.Should().Be(1);
    }

    [Theory]
    [InlineData(0x00, 0x00)]
    [InlineData(0x10, 0x01)]
    [InlineData(0xFF, 0xFF)]
    public void A_length_that_cannot_be_is_refused_before_anything_follows_it(byte high, byte low)
    {
        var read = () =>
        {
            var buffer = new ReadOnlySequence<byte>([high, low]);
            return Iso8583Frame.TryRead(ref buffer, out _);
        };

        read.Should().Throw<Iso8583Exception>();
    }

    [Fact]
    public void The_longest_frame_is_read()
    {
        var buffer = new ReadOnlySequence<byte>(PeerLine.Frame(new byte[Iso8583Frame.MaxLength]));

        Iso8583Frame.TryRead(ref buffer, out var message).Should().BeTrue();

        message.Length.Should().Be(Iso8583Frame.MaxLength);
    }

    [Fact]
    public void What_is_written_is_read()
    {
        var writer = new ArrayBufferWriter<byte>();
        foreach (var (_, iso, _) in Samples.All)
        {
            Iso8583Frame.Write(writer, iso, null);
        }

        var buffer = new ReadOnlySequence<byte>(writer.WrittenMemory);
        foreach (var expected in Samples.Wire)
        {
            Iso8583Frame.TryRead(ref buffer, out var message).Should().BeTrue();
            message.ToArray().Should().Equal(expected);
        }

        buffer.IsEmpty.Should().BeTrue();
    }
}

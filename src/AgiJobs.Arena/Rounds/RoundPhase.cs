namespace AgiJobs.Arena.Rounds;

/// <summary>Where a round stands: <c>IArenaRounds.Phase</c>.</summary>
public enum RoundPhase
{
    /// <summary>There is no such round.</summary>
    None,

    /// <summary>The teacher sets the task, students and validators accept.</summary>
    Registration,

    /// <summary>Students commit to answers.</summary>
    Answering,

    /// <summary>Students reveal their answers.</summary>
    Revealing,

    /// <summary>Validators commit to votes.</summary>
    Voting,

    /// <summary>Validators reveal their votes.</summary>
    Counting,

    /// <summary>Counted, and rewards are credited.</summary>
    Finalised,

    /// <summary>Ended without rewards.</summary>
    Voided,
}

/// <summary>What somebody is to a round: <c>IArenaRounds.Seat</c>.</summary>
public enum Seat
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Sets the task.</summary>
    Teacher,

    /// <summary>Answers it.</summary>
    Student,

    /// <summary>Judges the answers.</summary>
    Validator,
}
